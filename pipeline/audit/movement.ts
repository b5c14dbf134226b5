/**
 * The movement of one counter by plain arithmetic: sort, leave out what came twice, subtract, add. It shares nothing with
 * the code that meters, so that the two can be held against each other.
 */

/** One value of a counter. Times in microseconds. */
export interface Reading {
  /** Identity of the counter's life; null where the source cannot tell. */
  readonly epoch: string | null;
  readonly t: number;
  readonly v: bigint;
  /** When the epoch began, NaN if unknown. */
  readonly startedAt: number;
  /** NaN: a cumulative value; else the amount over the interval before `t`. */
  readonly interval: number;
}

export interface History {
  readonly readings: readonly Reading[];
  /** Earliest time at which its VM was listed as off; +∞: never. */
  readonly absentAt: number;
  /** Smallest scheduled time of any poll. */
  readonly streamStart: number;
  /** 32 or 64 where the counter can wrap, else 0. */
  readonly bits: number;
}

/** What must have been counted through a time: `exact`, or at least something, where that depends on what came when. */
export interface Movement {
  readonly exact: bigint;
  readonly least: bigint;
  readonly most: bigint;
}

const ZERO: Movement = { exact: 0n, least: 0n, most: 0n };
const plus = (a: Movement, b: Movement): Movement => ({
  exact: a.exact + b.exact,
  least: a.least + b.least,
  most: a.most + b.most,
});
const certain = (amount: bigint): Movement => ({ exact: amount, least: amount, most: amount });

/** How far a counter moved through time `through`, over all its epochs. */
export function movementThrough(history: History, through: number): Movement {
  const cumulative = history.readings.filter(({ interval }) => Number.isNaN(interval));
  const amounts = distinct(history.readings.filter(({ interval }) => !Number.isNaN(interval)));
  const firstAt = Math.min(...cumulative.map(({ t }) => t));
  const epochs = epochsOf(cumulative);
  const parts = [
    ...epochs.map((readings) => movementOf(history, readings, readings[0]?.t === firstAt, through)),
    ...amounts.map((reading) => shareOf(reading, through)),
  ];
  return parts.reduce(plus, ZERO);
}

/** Readings by epoch, each by time and without repetitions. A nameless one is continued by the first that has a name. */
function epochsOf(readings: readonly Reading[]): readonly (readonly Reading[])[] {
  const sorted = [...readings].sort((a, b) => a.t - b.t);
  const named = sorted.find(({ epoch }) => epoch !== null);
  const groups = new Map<string, Reading[]>();
  for (const reading of sorted) {
    if (reading.epoch === null && named && reading.t > named.t) continue;
    const key = reading.epoch ?? 'nameless';
    groups.set(key, [...(groups.get(key) ?? []), reading]);
  }
  const nameless = groups.get('nameless');
  const heir = named?.epoch === null || named === undefined ? undefined : groups.get(named.epoch);
  if (nameless && heir && (heir[0] as Reading).v >= (nameless.at(-1) as Reading).v) {
    groups.delete('nameless');
    heir.unshift(...nameless);
  }
  return [...groups.values()].map(distinct);
}

/** The first of those of one time. */
function distinct(readings: readonly Reading[]): readonly Reading[] {
  const byTime = new Map<number, Reading>();
  for (const reading of readings) if (!byTime.has(reading.t)) byTime.set(reading.t, reading);
  return [...byTime.values()].sort((a, b) => a.t - b.t);
}

function movementOf(history: History, readings: readonly Reading[], isFirst: boolean, through: number): Movement {
  const first = readings[0] as Reading;
  let sum = isFirst && !countsFromZero(history, first) ? ZERO : beginning(first, through);
  let before = first;
  let falls: Reading[] = [];
  for (const reading of readings.slice(1)) {
    const grown = growth(before, reading, history.bits);
    if (grown === null) {
      falls = falls.length > 0 && reading.v < (falls.at(-1) as Reading).v ? [reading] : [...falls, reading];
      if (falls.length < 3) continue;
    }
    sum = plus(sum, between(before.t, reading, grown ?? reading.v, through));
    falls = [];
    before = reading;
  }
  return sum;
}

const countsFromZero = ({ absentAt, streamStart }: History, { t, v, startedAt }: Reading): boolean =>
  absentAt < t || ((startedAt < t || v === 0n) && startedAt >= streamStart);

/** A first value that counts from zero; where it came together is not asked, so of one that lies beyond any part may count. */
const beginning = ({ t, v }: Reading, through: number): Movement =>
  t <= through ? certain(v) : { exact: 0n, least: 0n, most: v };

/** Null: the counter went down, and did not wrap. */
function growth(before: Reading, after: Reading, bits: number): bigint | null {
  if (after.v >= before.v) return after.v - before.v;
  if (before.epoch === null) return after.v;
  const wrapped = after.v - before.v + (1n << BigInt(bits));
  return bits > 0 && wrapped < 1n << BigInt(bits - 1) ? wrapped : null;
}

/** What of a growth falls before `through`: in proportion, or nothing where the window was closed before the reading came. */
function between(from: number, { t }: Reading, amount: bigint, through: number): Movement {
  if (t <= through) return certain(amount);
  if (from >= through) return ZERO;
  const part = (amount * BigInt(through - from)) / BigInt(t - from);
  return { exact: part, least: 0n, most: part };
}

function shareOf(reading: Reading, through: number): Movement {
  return between(reading.t - reading.interval, reading, reading.v, through);
}
