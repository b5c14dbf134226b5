import { COUNTERS, type SliceBatch } from '../../avro/batch.ts';
import { type Circumstances, checkRate } from './counters.ts';
import { INTERPOLATED, LATE } from './flags.ts';
import { maxGap } from './progress.ts';
import type { Block, InstanceState } from './state.ts';
import {
  COVERED_FROM,
  COVERED_TO,
  counterLength,
  countersAt,
  EPOCH,
  FLAGS_OF_OPEN,
  LAST_EMITTED,
  LISTED_AT,
  OPEN,
  READ_AT,
  sizeAt,
  type Together,
  WORDS,
} from './together.ts';
import { difference, share } from './uint64.ts';
import { type Emission, windowAfter, windowOf } from './windows.ts';

/**
 * The usual case, kept to itself: every counter of a block that moves together has grown, within the gap allowed,
 * from the latest reading to this one. What comes out is what `applyCumulative` would make of it; whatever is not
 * this case is left to that.
 */

/** Is block b of the batch, read at `t` in `epoch`, the usual next reading of a block that moves together? */
export function isGrowth(
  at: Circumstances,
  block: Block,
  epoch: number,
  batch: SliceBatch,
  b: number,
  t: number,
): boolean {
  const { together } = block;
  if (together === null || together.source !== at.source) return false;
  const { cells } = together;
  const then = cells[READ_AT] as number;
  const own = cells[EPOCH] as number;
  return (
    (own === epoch || (Number.isNaN(own) && Number.isNaN(epoch))) &&
    t > then &&
    t - then <= maxGap(at.interval) &&
    Math.max(cells[LISTED_AT] as number, at.polledAt) >= at.source.completeAt &&
    isInOrder(at.emission, cells, then, t) &&
    hasGrown(at.emission.rules.sizes.length, together, block.kind, batch, b)
  );
}

/** Does the reading go on where the open window of every size stands? */
function isInOrder({ rules }: Emission, cells: readonly number[], then: number, t: number): boolean {
  for (let w = 0; w < rules.sizes.length; w++) {
    const size = rules.sizes[w] as number;
    const first = windowAfter(then, size);
    const open = cells[sizeAt(w) + OPEN] as number;
    if (Number.isNaN(open) ? first <= (cells[sizeAt(w) + LAST_EMITTED] as number) : first !== open) return false;
    if (rules.anchored && first !== windowOf(t, size)) return false;
  }
  return true;
}

/** Are exactly the counters there that were, none of them smaller, and all sums exact as numbers? */
function hasGrown(sizes: number, { fields, cells }: Together, kind: number, batch: SliceBatch, b: number): boolean {
  const start = batch.valueStart[b] as number;
  let c = countersAt(sizes);
  for (let f = 0; f < (COUNTERS[kind] as number); f++) {
    const expected = (fields >> f) & 1;
    if (batch.present[start + f] !== expected) return false;
    if (expected === 0) continue;
    const hi = batch.hi[start + f] as number;
    const lo = batch.lo[start + f] as number;
    const d = difference(hi, lo, cells[c] as number, cells[c + 1] as number);
    if (!(d >= 0)) return false;
    for (let w = c + WORDS; w < c + WORDS + 2 * sizes; w += 2) {
      if ((cells[w] as number) + (cells[w + 1] as number) + d > Number.MAX_SAFE_INTEGER) return false;
    }
    c += counterLength(sizes);
  }
  return true;
}

/** Applies a reading that `isGrowth`: adds it to the open windows, and emits those that it ends. */
export function grow(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  together: Together,
  batch: SliceBatch,
  b: number,
  t: number,
): void {
  const { cells, fields } = together;
  const sizes = at.emission.rules.sizes.length;
  const start = batch.valueStart[b] as number;
  const then = cells[READ_AT] as number;
  let c = countersAt(sizes);
  for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
    if (((fields >> f) & 1) === 0) continue;
    const hi = batch.hi[start + f] as number;
    const lo = batch.lo[start + f] as number;
    const d = difference(hi, lo, cells[c] as number, cells[c + 1] as number);
    if (d > 0) checkRate(at, instance, block, f, d, t - then);
    cells[c] = hi;
    cells[c + 1] = lo;
    for (let w = 0; w < sizes; w++) addGrowth(at.emission, instance, block, cells, c, w, f, d, then, t);
    c += counterLength(sizes);
  }
  for (let w = 0; w < sizes; w++) moveOn(cells, sizeAt(w), at.emission.rules.sizes[w] as number, then, t);
  cells[READ_AT] = t;
  cells[LISTED_AT] = Math.max(cells[LISTED_AT] as number, at.polledAt);
}

/** One counter and window size: the growth d over (then, t] is divided exactly as `spread` does. */
function addGrowth(
  emission: Emission,
  instance: InstanceState,
  block: Block,
  cells: number[],
  c: number,
  w: number,
  f: number,
  d: number,
  then: number,
  t: number,
): void {
  const size = emission.rules.sizes[w] as number;
  const s = sizeAt(w);
  const delta = c + WORDS + 2 * w;
  const first = windowAfter(then, size);
  const last = windowOf(t, size);
  const isOpen = cells[s + OPEN] === first;
  let sum = isOpen ? (cells[delta] as number) : 0;
  let from = isOpen ? (cells[s + COVERED_FROM] as number) : then;
  let flags = isOpen ? (cells[s + FLAGS_OF_OPEN] as number) : 0;
  if (first === last && t < (last + 1) * size) {
    cells[delta] = sum + d;
    return;
  }
  let before = 0;
  for (let k = first; k <= last; k++) {
    const end = (k + 1) * size;
    const through = k === last ? d : (share(d, end - then, t - then) as number);
    sum += through - before;
    before = through;
    if (first !== last) flags |= INTERPOLATED;
    if (t < end) break;
    emitCounter(emission, instance, block, cells, delta, w, f, k, sum, from, end, flags);
    sum = 0;
    flags = 0;
    from = end;
  }
  cells[delta] = sum;
}

/** What the counters share of one window size, after the growth over (then, t]. */
function moveOn(cells: number[], s: number, size: number, then: number, t: number): void {
  const first = windowAfter(then, size);
  const last = windowOf(t, size);
  const ends = t >= (last + 1) * size;
  if (first === last && !ends) {
    if (cells[s + OPEN] !== first) open(cells, s, first, then, 0);
  } else {
    cells[s + LAST_EMITTED] = ends ? last : last - 1;
    if (ends) cells[s + OPEN] = Number.NaN;
    else open(cells, s, last, last * size, INTERPOLATED);
  }
  cells[s + COVERED_TO] = t;
}

function open(cells: number[], s: number, k: number, from: number, flags: number): void {
  cells[s + OPEN] = k;
  cells[s + COVERED_FROM] = from;
  cells[s + FLAGS_OF_OPEN] = flags;
}

/** Emits, of a block that moves together, the windows of size w that end at or before `time`: at most the open one. */
export function closeTogether(
  emission: Emission,
  instance: InstanceState,
  block: Block,
  { cells, fields }: Together,
  w: number,
  time: number,
): void {
  const sizes = emission.rules.sizes.length;
  const s = sizeAt(w);
  const k = cells[s + OPEN] as number;
  if (!((k + 1) * (emission.rules.sizes[w] as number) <= time)) return;
  let delta = countersAt(sizes) + WORDS + 2 * w;
  const from = cells[s + COVERED_FROM] as number;
  const to = cells[s + COVERED_TO] as number;
  for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
    if (((fields >> f) & 1) === 0) continue;
    const flags = cells[s + FLAGS_OF_OPEN] as number;
    emitCounter(emission, instance, block, cells, delta, w, f, k, cells[delta] as number, from, to, flags);
    cells[delta] = 0;
    delta += counterLength(sizes);
  }
  cells[s + LAST_EMITTED] = k;
  cells[s + OPEN] = Number.NaN;
}

/** `delta` is the place of the counter's delta in the cells; its total comes after it. */
function emitCounter(
  { rules, closed, lateBefore }: Emission,
  instance: InstanceState,
  block: Block,
  cells: number[],
  delta: number,
  w: number,
  field: number,
  index: number,
  amount: number,
  from: number,
  to: number,
  flags: number,
): void {
  const size = rules.sizes[w] as number;
  const end = (index + 1) * size;
  const total = (cells[delta + 1] as number) + amount;
  cells[delta + 1] = total;
  closed.counters.push({
    instance,
    block,
    field,
    size: w,
    index,
    delta: amount,
    covered: Math.max(0, Math.min(to, end) - Math.max(from, index * size)),
    rateDelta: amount,
    rateTime: to - from,
    flags: flags | (end <= (lateBefore[w] as number) ? LATE : 0),
    total,
  });
}
