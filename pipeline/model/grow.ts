import { COUNTERS, INSTANCE, type SliceBatch } from '../../avro/batch.ts';
import { isPlain } from './bounds.ts';
import type { Circumstances } from './circumstances.ts';
import { INTERPOLATED, LATE } from './flags.ts';
import { checkRate } from './plausible.ts';
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

/** Does the reading go on where the open window of every size stands, within its bounds? */
function isInOrder({ rules }: Emission, cells: readonly number[], then: number, t: number): boolean {
  for (let w = 0; w < rules.sizes.length; w++) {
    const size = rules.sizes[w] as number;
    const bounds = rules.bounds?.[w];
    if (bounds && !isPlain(rules, w, then, t)) return false;
    if (bounds && (t <= bounds.from || then >= bounds.until)) continue;
    const first = windowAfter(then, size);
    const open = cells[sizeAt(w) + OPEN] as number;
    if (Number.isNaN(open) ? first <= (cells[sizeAt(w) + LAST_EMITTED] as number) : first !== open) return false;
    if (rules.anchored && first !== windowOf(t, size)) return false;
  }
  return true;
}

/** By how much each counter of the block at hand has grown: `isGrowth` leaves it to the `grow` that follows. */
const growths = new Float64Array(Math.max(...COUNTERS));

/** Are exactly the counters there that were, none of them smaller, and all sums exact as numbers? */
function hasGrown(sizes: number, { fields, cells }: Together, kind: number, batch: SliceBatch, b: number): boolean {
  const { present, hi, lo } = batch;
  const length = counterLength(sizes);
  const end = (batch.valueStart[b] as number) + (COUNTERS[kind] as number);
  let left = fields;
  let n = 0;
  let c = countersAt(sizes);
  for (let v = batch.valueStart[b] as number; v < end; v++, left >>= 1) {
    if (present[v] !== (left & 1)) return false;
    if (present[v] === 0) continue;
    const d = difference(hi[v] as number, lo[v] as number, cells[c] as number, cells[c + 1] as number);
    if (!(d >= 0)) return false;
    for (let w = c + WORDS; w < c + length; w += 2) {
      if ((cells[w] as number) + (cells[w + 1] as number) + d > Number.MAX_SAFE_INTEGER) return false;
    }
    growths[n++] = d;
    c += length;
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
  const { cells } = together;
  const { sizes, bounds } = at.emission.rules;
  const then = cells[READ_AT] as number;
  checkRates(at, instance, block, together.fields, t - then);
  for (let w = 0; w < sizes.length; w++) {
    const size = sizes[w] as number;
    const each = bounds?.[w];
    if (each && then >= each.until) continue;
    if (each && t <= each.from) {
      addGrowths(together, sizes.length, w, 1);
      continue;
    }
    const first = windowAfter(then, size);
    if (Number.isNaN(cells[sizeAt(w) + OPEN])) open(together, sizes.length, w, first, then, 0);
    if (t < (first + 1) * size) addGrowths(together, sizes.length, w, 0);
    else cross(at.emission, instance, block, together, w, then, t);
    cells[sizeAt(w) + COVERED_TO] = t;
  }
  takeValues(together, sizes.length, batch, b);
  cells[READ_AT] = t;
  cells[LISTED_AT] = Math.max(cells[LISTED_AT] as number, at.polledAt);
}

function checkRates(at: Circumstances, instance: InstanceState, block: Block, fields: number, dt: number): void {
  if (block.kind !== INSTANCE && at.source.limits.rates[block.kind]?.length === 0) return;
  for (let left = fields, f = 0, n = 0; left > 0; left >>= 1, f++) {
    if ((left & 1) === 0) continue;
    const d = growths[n++] as number;
    if (d > 0) checkRate(at, instance, block, f, d, dt);
  }
}

function takeValues({ cells, fields }: Together, sizes: number, { valueStart, hi, lo }: SliceBatch, b: number): void {
  let c = countersAt(sizes);
  for (let left = fields, v = valueStart[b] as number; left > 0; left >>= 1, v++) {
    if ((left & 1) === 0) continue;
    cells[c] = hi[v] as number;
    cells[c + 1] = lo[v] as number;
    c += counterLength(sizes);
  }
}

/** Adds them to the open window of size w (`which` 0), or to its total (1). */
function addGrowths({ cells }: Together, sizes: number, w: number, which: 0 | 1): void {
  const length = counterLength(sizes);
  for (let delta = countersAt(sizes) + WORDS + 2 * w + which, n = 0; delta < cells.length; delta += length, n++) {
    cells[delta] = (cells[delta] as number) + (growths[n] as number);
  }
}

/** Opens window k of size w, covered from `from`. */
function open({ cells }: Together, sizes: number, w: number, k: number, from: number, flags: number): void {
  const s = sizeAt(w);
  cells[s + OPEN] = k;
  cells[s + COVERED_FROM] = from;
  cells[s + FLAGS_OF_OPEN] = flags;
  const length = counterLength(sizes);
  for (let delta = countersAt(sizes) + WORDS + 2 * w; delta < cells.length; delta += length) cells[delta] = 0;
}

/** The growth over (then, t] ends the open window: it is divided over the windows exactly as `spread` does. */
function cross(
  emission: Emission,
  instance: InstanceState,
  block: Block,
  together: Together,
  w: number,
  then: number,
  t: number,
): void {
  const { cells, fields } = together;
  const size = emission.rules.sizes[w] as number;
  const sizes = emission.rules.sizes.length;
  const s = sizeAt(w);
  const first = windowAfter(then, size);
  const last = windowOf(t, size);
  const bits = first === last ? 0 : INTERPOLATED;
  for (let k = first; (k + 1) * size <= t; k++) {
    const end = (k + 1) * size;
    let delta = countersAt(sizes) + WORDS + 2 * w;
    for (let left = fields, f = 0, n = 0; left > 0; left >>= 1, f++) {
      if ((left & 1) === 0) continue;
      const d = growths[n++] as number;
      const before = k === first ? 0 : part(d, k * size - then, t - then);
      const amount = (cells[delta] as number) + part(d, end - then, t - then) - before;
      const flags = (cells[s + FLAGS_OF_OPEN] as number) | bits;
      emitCounter(
        emission,
        instance,
        block,
        cells,
        delta,
        w,
        f,
        k,
        amount,
        cells[s + COVERED_FROM] as number,
        end,
        flags,
      );
      delta += counterLength(sizes);
    }
    cells[s + LAST_EMITTED] = k;
    open(together, sizes, w, k + 1, end, bits);
  }
  if (t === (last + 1) * size) {
    cells[s + OPEN] = Number.NaN;
    return;
  }
  let delta = countersAt(sizes) + WORDS + 2 * w;
  for (let n = 0; delta < cells.length; delta += counterLength(sizes), n++) {
    const d = growths[n] as number;
    cells[delta] = d - part(d, last * size - then, t - then);
  }
}

/** As `share`, of a growth that is a safe integer. */
const part = (d: number, time: number, whole: number): number => share(d, time, whole) as number;

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
    identity: instance.identity,
    vcpus: instance.vcpus,
    state: instance.state,
    field,
    size: w,
    index,
    delta: amount,
    covered: Math.max(0, Math.min(to, end) - Math.max(from, index * size)),
    rateDelta: amount,
    rateTime: to - from,
    revision: 0,
    flags: flags | (end <= (lateBefore[w] as number) ? LATE : 0),
    total,
  });
}
