import type { Form } from './published.ts';

/** What is kept of a published id: 8 bytes of it and 33 of what it stands for, so that hundreds of millions fit. */
export interface Entry {
  readonly form: Form;
  readonly content: number;
  /** Where its line is, as the caller counts. */
  readonly place: number;
  readonly windowEnd: number;
}

/** The published ids. Two that share 64 bits of their hash would be taken for one: of 10^8 ids, once in 3000 audits. */
export interface IdTable {
  /** Adds an id; returns what was there before it under the same id. */
  add(id: string, entry: Entry): Entry | undefined;
  /** The entry of an id, and a mark that it was asked for. */
  claim(id: string): Entry | undefined;
  /** What nobody asked for. */
  unclaimed(): Iterable<Entry>;
  size(): number;
}

const FIRST_SLOTS = 1 << 12;
const FULL = 0.7;
const USED = 1;
const CLAIMED = 2;
const MESSAGE = 4;

interface Slots {
  readonly marks: Uint8Array;
  /** Two words a slot. */
  readonly keys: Uint32Array;
  readonly contents: Float64Array;
  readonly places: Float64Array;
  readonly ends: Float64Array;
}

const createSlots = (count: number): Slots => ({
  marks: new Uint8Array(count),
  keys: new Uint32Array(2 * count),
  contents: new Float64Array(count),
  places: new Float64Array(count),
  ends: new Float64Array(count),
});

export function createIdTable(): IdTable {
  let slots = createSlots(FIRST_SLOTS);
  let used = 0;
  return {
    add: (id, entry) => {
      if (used >= FULL * slots.marks.length) slots = grown(slots);
      const [high, low] = wordsOf(id);
      const slot = find(slots, high, low);
      if (slots.marks[slot] !== 0) return entryAt(slots, slot);
      fill(slots, slot, high, low, entry);
      used++;
      return undefined;
    },
    claim: (id) => {
      const slot = find(slots, ...wordsOf(id));
      if (slots.marks[slot] === 0) return undefined;
      slots.marks[slot] = (slots.marks[slot] as number) | CLAIMED;
      return entryAt(slots, slot);
    },
    *unclaimed() {
      for (let slot = 0; slot < slots.marks.length; slot++)
        if (((slots.marks[slot] as number) & (USED | CLAIMED)) === USED) yield entryAt(slots, slot);
    },
    size: () => used,
  };
}

/** The first and the last 32 bits of a UUIDv5, which are all hash. */
const wordsOf = (id: string): [number, number] => [
  Number.parseInt(id.slice(0, 8), 16),
  Number.parseInt(id.slice(28, 36), 16),
];

/** The slot of a key, or the free one where it would be. */
function find({ marks, keys }: Slots, high: number, low: number): number {
  const mask = marks.length - 1;
  let slot = (high ^ Math.imul(low, 0x9e3779b1)) & mask;
  while (marks[slot] !== 0 && !(keys[2 * slot] === high && keys[2 * slot + 1] === low)) slot = (slot + 1) & mask;
  return slot;
}

function fill(slots: Slots, slot: number, high: number, low: number, entry: Entry): void {
  slots.marks[slot] = entry.form === 'message' ? USED | MESSAGE : USED;
  slots.keys[2 * slot] = high;
  slots.keys[2 * slot + 1] = low;
  slots.contents[slot] = entry.content;
  slots.places[slot] = entry.place;
  slots.ends[slot] = entry.windowEnd;
}

const entryAt = ({ marks, contents, places, ends }: Slots, slot: number): Entry => ({
  form: (marks[slot] as number) & MESSAGE ? 'message' : 'line',
  content: contents[slot] as number,
  place: places[slot] as number,
  windowEnd: ends[slot] as number,
});

function grown(old: Slots): Slots {
  const slots = createSlots(2 * old.marks.length);
  for (let slot = 0; slot < old.marks.length; slot++) {
    if (old.marks[slot] === 0) continue;
    const high = old.keys[2 * slot] as number;
    const low = old.keys[2 * slot + 1] as number;
    fill(slots, find(slots, high, low), high, low, entryAt(old, slot));
  }
  return slots;
}
