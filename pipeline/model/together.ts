import { COUNTERS } from '../../avro/batch.ts';
import type { SourceProgress } from './progress.ts';
import {
  ACC,
  BASE,
  type Block,
  createApart,
  createLife,
  DELTA,
  EMITTED,
  FLAGBITS,
  FROM,
  isAlive,
  K,
  type Life,
  TO,
  UNCOVERED,
} from './state.ts';

/**
 * The counters of a block nearly always move together: one epoch is alive, every row has all of them, their windows
 * open and close at the same times. Such a block keeps what they share once and four numbers a counter and window,
 * in one array of doubles: a seventh of the memory of its lives and windows, and one place to look. The moment
 * anything else happens it is set apart, and brought together again once the difference is gone.
 *
 *   epoch, time of the latest reading, start of the latest poll that listed it
 *   a window size:  index of the open window (NaN: none), covered from, to, flags, last window emitted
 *   a counter:      latest hi, lo; a window size: delta in the open window, total up to the last one emitted
 */
export interface Together {
  readonly source: SourceProgress;
  /** The counters that there are: bit f for field f. */
  readonly fields: number;
  readonly cells: number[];
}

export const EPOCH = 0;
export const READ_AT = 1;
export const LISTED_AT = 2;
const SHARED = 3;
/** Within what a window size has. */
export const OPEN = 0;
export const COVERED_FROM = 1;
export const COVERED_TO = 2;
export const FLAGS_OF_OPEN = 3;
export const LAST_EMITTED = 4;
const A_SIZE = 5;
/** Within what a counter has: two words, then by window size a delta and a total. */
export const WORDS = 2;

/** Where in `cells` the window size w begins. */
export const sizeAt = (w: number): number => SHARED + w * A_SIZE;
/** Where the first counter begins, of `sizes` window sizes, and how far it is to the next. */
export const countersAt = (sizes: number): number => SHARED + sizes * A_SIZE;
export const counterLength = (sizes: number): number => WORDS + 2 * sizes;

/** How many cells the counters of `fields` have together, of `sizes` window sizes. */
export function cellsOf(fields: number, sizes: number): number {
  let counters = 0;
  for (let left = fields; left > 0; left &= left - 1) counters++;
  return countersAt(sizes) + counters * counterLength(sizes);
}

/** Brings a block's counters together, if nothing but their values tells them apart. `aliveSince`: as in `Circumstances`. */
export function bringTogether(block: Block, aliveSince: readonly number[]): void {
  const life = block.lives[block.lives.length - 1];
  if (block.together || !life) return;
  const fields = fieldsTogether(block, life, Math.min(...aliveSince));
  if (fields === 0) return;
  const { kind, windows, totals } = block;
  const first = 31 - Math.clz32(fields & -fields);
  const cells = [life.epoch, life.finalisedAt, life.listedAt];
  for (const acc of windows) {
    for (const which of [K, FROM, TO, FLAGBITS, EMITTED]) cells.push(acc[first * ACC + which] as number);
  }
  for (let f = 0; f < (COUNTERS[kind] as number); f++) {
    if ((fields & (1 << f)) === 0) continue;
    cells.push(life.base[f * BASE + 1] as number, life.base[f * BASE + 2] as number);
    for (let w = 0; w < windows.length; w++) {
      cells.push(openDelta(windows[w] as number[], f * ACC), totals[w]?.[f] as number);
    }
  }
  // A copy has none of the spare room that pushing left.
  setTogether(block, { source: life.source, fields, cells: cells.slice() }, block.lives.slice(0, -1));
}

/** Lets go of what only a block that is set apart has; `past`: its ended lives. */
export function setTogether(block: Block, together: Together, past: Life[]): void {
  block.together = together;
  block.lives = past.length === 0 ? NOTHING.lives : past;
  block.windows = NOTHING.windows;
  block.more = NOTHING.more;
  block.spans = NOTHING.spans;
  block.surplus = NOTHING.surplus;
  block.totals = NOTHING.totals;
}

/** What a block has of what only one set apart needs; nobody writes to these. */
const NOTHING: Pick<Block, 'lives' | 'windows' | 'more' | 'spans' | 'surplus' | 'totals'> = {
  lives: [],
  windows: [],
  more: [],
  spans: new Map(),
  surplus: new Map(),
  totals: [],
};

/** The counters of a block as bits, 0 if they differ in anything but their values. */
function fieldsTogether(block: Block, life: Life, since: number): number {
  const { kind, lives, windows, more, spans, surplus, totals } = block;
  if (block.kept !== null || block.revisions !== null) return 0;
  if (life.ended || life.falls !== null || lives.some((other) => other !== life && isAlive(other, since))) return 0;
  if (spans.size > 0 || surplus.size > 0) return 0;
  if (more.some((byField) => byField !== null && [...byField.values()].some((list) => list.length > 0))) return 0;
  let fields = 0;
  let first = -1;
  for (let f = 0; f < (COUNTERS[kind] as number); f++) {
    const then = life.base[f * BASE] as number;
    if (Number.isNaN(then)) {
      if (windows.some((acc) => !Number.isNaN(acc[f * ACC + K]))) return 0;
      continue;
    }
    if (then !== life.finalisedAt) return 0;
    if (first < 0) first = f;
    for (let w = 0; w < windows.length; w++) {
      const acc = windows[w] as number[];
      if (!isSafe(totals[w]?.[f], acc, f * ACC) || !isLike(acc, first * ACC, f * ACC, then)) return 0;
    }
    fields |= 1 << f;
  }
  return fields;
}

/** What the open window holds; 0 if none is open. */
const openDelta = (acc: readonly number[], at: number): number =>
  Number.isNaN(acc[at + K]) ? 0 : (acc[at + DELTA] as number);

/** Can doubles hold the total, also with what the open window will add to it? */
const isSafe = (total: number | bigint | null | undefined, acc: readonly number[], at: number): boolean =>
  typeof total === 'number' && total + openDelta(acc, at) <= Number.MAX_SAFE_INTEGER;

/** Has the counter at `other` the open window of the one at `first`, wholly covered up to the latest reading? */
function isLike(acc: readonly number[], first: number, other: number, then: number): boolean {
  if (acc[first + EMITTED] !== acc[other + EMITTED]) return false;
  if (Number.isNaN(acc[first + K])) return Number.isNaN(acc[other + K]);
  return (
    acc[other + TO] === then &&
    acc[other + UNCOVERED] === 0 &&
    [K, FROM, FLAGBITS].every((which) => acc[first + which] === acc[other + which])
  );
}

/** Gives each counter of a block a life and windows of its own again. */
export function setApart(block: Block, sizes: number): void {
  const { together, kind } = block;
  if (!together) return;
  const { cells, fields, source } = together;
  const life = createLife(kind, cells[EPOCH] as number, source);
  life.finalisedAt = cells[READ_AT] as number;
  life.listedAt = cells[LISTED_AT] as number;
  const apart = createApart(kind, sizes);
  let at = countersAt(sizes);
  for (let f = 0; f < (COUNTERS[kind] as number); f++) {
    if ((fields & (1 << f)) === 0) continue;
    life.base[f * BASE] = life.finalisedAt;
    life.base[f * BASE + 1] = cells[at] as number;
    life.base[f * BASE + 2] = cells[at + 1] as number;
    for (let w = 0; w < sizes; w++) {
      const shared = sizeAt(w);
      const acc = apart.windows[w] as number[];
      acc[f * ACC + EMITTED] = cells[shared + LAST_EMITTED] as number;
      (apart.totals[w] as (number | bigint | null)[])[f] = cells[at + WORDS + 2 * w + 1] as number;
      if (Number.isNaN(cells[shared + OPEN])) continue;
      acc[f * ACC + K] = cells[shared + OPEN] as number;
      acc[f * ACC + DELTA] = cells[at + WORDS + 2 * w] as number;
      acc[f * ACC + UNCOVERED] = 0;
      acc[f * ACC + FROM] = cells[shared + COVERED_FROM] as number;
      acc[f * ACC + TO] = cells[shared + COVERED_TO] as number;
      acc[f * ACC + FLAGBITS] = cells[shared + FLAGS_OF_OPEN] as number;
    }
    at += counterLength(sizes);
  }
  block.together = null;
  block.lives = [...block.lives, life];
  block.windows = apart.windows;
  block.more = apart.more;
  block.spans = apart.spans;
  block.surplus = apart.surplus;
  block.totals = apart.totals;
}
