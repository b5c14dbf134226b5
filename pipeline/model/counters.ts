import { COUNTERS, INSTANCE, type SliceBatch } from '../../avro/batch.ts';
import {
  AMBIGUOUS,
  EDGE,
  EPOCH_CONFLICT,
  ESTIMATED,
  LOWER_BOUND,
  REGRESSION,
  RESET,
  RESET_INFERRED,
  type Tally,
  WRAP,
} from './flags.ts';
import { cpuRate } from './limits.ts';
import { maxGap, type Progress, type SourceProgress } from './progress.ts';
import type { CounterRules } from './rules.ts';
import { ACC, BASE, type Block, DELTA, type InstanceState, isAlive, K, type Life, TO } from './state.ts';
import { setApart } from './together.ts';
import { type Amount, add, difference, narrow, toAmount, toBigInt } from './uint64.ts';
import { type Emission, mark, put, settle, spread, windowOf } from './windows.ts';

/** What surrounds the rows of one slice while they are applied. */
export interface Circumstances {
  readonly rules: CounterRules;
  readonly emission: Emission;
  readonly progress: Progress;
  readonly source: SourceProgress;
  readonly tally: Tally;
  readonly interval: number;
  /** Start of the poll. */
  readonly polledAt: number;
}

const REGRESSIONS_OF_A_RESET = 3;
const CPU_TIME = 0;

/**
 * Applies the counters of one block of a row of basis CUMULATIVE, read at `t`, to the life they belong to
 * (streaming rules 1.3, rulings R2 to R9). The usual case, growth inside every open window, is the loop itself;
 * everything else has a name below. The caller has made sure that `t` is newer than the life's last reading.
 */
export function applyCumulative(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  life: Life,
  batch: SliceBatch,
  b: number,
  t: number,
  startedAt: number,
): void {
  const { sizes } = at.emission.rules;
  const start = batch.valueStart[b] as number;
  const counters = COUNTERS[block.kind] as number;
  const gap = maxGap(at.interval);
  const usual = isAlone(block, life) && life.falls === null;
  for (let f = 0; f < counters; f++) {
    if (batch.present[start + f] === 0) continue;
    const hi = batch.hi[start + f] as number;
    const lo = batch.lo[start + f] as number;
    const i = f * BASE;
    const then = life.base[i] as number;
    if (Number.isNaN(then)) {
      begin(at, instance, block, life, f, t, hi, lo, startedAt);
    } else {
      const d = difference(hi, lo, life.base[i + 1] as number, life.base[i + 2] as number);
      if (d >= 0 && usual && t - then <= gap && addInside(block, sizes, f, d, then, t)) {
        if (d > 0) checkRate(at, instance, block, f, d, t - then);
      } else if (!move(at, instance, block, life, f, t, hi, lo, d, gap)) {
        continue;
      }
    }
    life.base[i] = t;
    life.base[i + 1] = hi;
    life.base[i + 2] = lo;
    settle(at.emission, instance, block, f, usual ? t : ownTime(block, f));
  }
  life.finalisedAt = t;
}

/** Adds growth that stays inside the open window of every size; false, and nothing done, if it does not. */
function addInside(block: Block, sizes: readonly number[], f: number, d: number, then: number, t: number): boolean {
  const a = f * ACC;
  for (let w = 0; w < sizes.length; w++) {
    const acc = block.windows[w] as number[];
    const k = acc[a + K] as number;
    const size = sizes[w] as number;
    const inside = then >= k * size && t <= (k + 1) * size && acc[a + TO] === then;
    if (!inside || !Number.isSafeInteger((acc[a + DELTA] as number) + d)) return false;
  }
  for (let w = 0; w < sizes.length; w++) {
    const acc = block.windows[w] as number[];
    acc[a + DELTA] = (acc[a + DELTA] as number) + d;
    acc[a + TO] = t;
  }
  return true;
}

/** No other epoch of the block is alive, so that the life's own readings are the series' own time. */
const isAlone = (block: Block, life: Life): boolean =>
  isAlive(life) && (block.lives.length === 1 || block.lives.every((other) => other === life || !isAlive(other)));

/** The series' own time: the least believed baseline over its living epochs; none alive: nothing is final by itself. */
function ownTime(block: Block, f: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const life of block.lives) {
    const t = life.base[f * BASE] as number;
    if (!Number.isNaN(t) && isAlive(life) && t < least) least = t;
  }
  return least === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : least;
}

/** The latest reading of the series in any epoch; −∞ if there was none. */
function previousTime(block: Block, f: number): number {
  let latest = Number.NEGATIVE_INFINITY;
  for (const life of block.lives) {
    const t = life.base[f * BASE] as number;
    if (t > latest) latest = t;
  }
  return latest;
}

/** Units a second that the counter can reach; 0 = unknown. */
function maxRate(at: Circumstances, instance: InstanceState, block: Block, f: number): number {
  if (block.kind === INSTANCE && f === CPU_TIME) return cpuRate(instance.vcpus);
  return at.source.limits.rates[block.kind]?.[f] ?? 0;
}

/** Can `amount` have come together in `time` microseconds? Unknown rate: yes. */
const isPlausible = (amount: Amount, rate: number, time: number): boolean =>
  rate === 0 || Number(amount) <= (rate * time) / 1e6;

/** Counts growth that the counter cannot have had; it is believed all the same. */
export function checkRate(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  f: number,
  d: Amount,
  dt: number,
): void {
  if (!isPlausible(d, maxRate(at, instance, block, f), dt)) at.tally.events.implausible++;
}

/** From one reading of an epoch to the next. False: the baseline stays what it was. */
function move(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  life: Life,
  f: number,
  t: number,
  hi: number,
  lo: number,
  d: number,
  gap: number,
): boolean {
  const i = f * BASE;
  const then = life.base[i] as number;
  const before = toBigInt(life.base[i + 1] as number, life.base[i + 2] as number);
  const delta: Amount = Number.isNaN(d) ? narrow(toBigInt(hi, lo) - before) : d;
  if (delta < 0) return fall(at, instance, block, life, f, t, hi, lo, gap);
  life.falls?.delete(f);
  if (life.falls?.size === 0) life.falls = null;
  checkRate(at, instance, block, f, delta, t - then);
  span(at, block, f, delta, then, t, 0, gap);
  return true;
}

/** A delta over (from, t]: measured, or estimated where nobody looked for longer than max_gap (rulings R14, R17). */
function span(
  at: Circumstances,
  block: Block,
  f: number,
  delta: Amount,
  from: number,
  t: number,
  flags: number,
  gap: number,
): void {
  const { rules } = at.emission;
  const measured = t - from <= gap;
  if (!measured) at.tally.events.gap++;
  for (let w = 0; w < rules.sizes.length; w++) {
    const size = rules.sizes[w] as number;
    if (measured) {
      spread(rules, block, w, f, delta, from, t, flags, true);
    } else if (at.rules.edge || t - from > at.rules.fillMax * size) {
      put(block, w, f, windowOf(t, size), delta, Number.NaN, t, flags | ESTIMATED | EDGE);
    } else {
      spread(rules, block, w, f, delta, from, t, flags | ESTIMATED, false);
    }
  }
}

/** A counter went down within one epoch: a wrap, a regression, or in the end a reset (1.3, R7, R8, R15). */
function fall(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  life: Life,
  f: number,
  t: number,
  hi: number,
  lo: number,
  gap: number,
): boolean {
  const i = f * BASE;
  const then = life.base[i] as number;
  const rate = maxRate(at, instance, block, f);
  const value = toAmount(hi, lo);
  const unwrapped = unwrap(at, block, life, f, t - then, hi, lo, rate);
  if (unwrapped !== null) {
    at.tally.events.wrap++;
    const bits = at.source.limits.bits[block.kind]?.[f] ?? 0;
    const ambiguous = bits === 32 && (rate * (t - then)) / 1e6 >= 2 ** 32;
    if (ambiguous) at.tally.events.ambiguous++;
    span(at, block, f, unwrapped, then, t, ambiguous ? WRAP | AMBIGUOUS | LOWER_BOUND : WRAP, gap);
    return true;
  }
  if (Number.isNaN(life.epoch)) {
    at.tally.events.reset_inferred++;
    span(at, block, f, value, then, t, RESET_INFERRED | LOWER_BOUND, gap);
    return true;
  }
  life.falls ??= new Map();
  const last = life.falls.get(f);
  const rises = last !== undefined && difference(hi, lo, last.hi, last.lo) >= 0;
  const count = rises ? last.count + 1 : 1;
  if (count < REGRESSIONS_OF_A_RESET) {
    life.falls.set(f, { count, hi, lo });
    at.tally.events.regression++;
    mark(at.emission.rules, block, f, then, t, REGRESSION);
    return false;
  }
  life.falls.delete(f);
  at.tally.events.reset_inferred++;
  const flags = RESET_INFERRED | LOWER_BOUND;
  if (rate > 0 && isPlausible(value, rate, t - then)) span(at, block, f, value, then, t, flags, gap);
  else mark(at.emission.rules, block, f, then, t, flags);
  return true;
}

/** The growth through a wrap, or null if it cannot have been one (R8). */
function unwrap(
  at: Circumstances,
  block: Block,
  life: Life,
  f: number,
  dt: number,
  hi: number,
  lo: number,
  rate: number,
): Amount | null {
  const bits = at.source.limits.bits[block.kind]?.[f] ?? 0;
  if (bits === 0 || Number.isNaN(life.epoch)) return null;
  const before = toBigInt(life.base[f * BASE + 1] as number, life.base[f * BASE + 2] as number);
  const grown = toBigInt(hi, lo) - before + (1n << BigInt(bits));
  const fits = rate > 0 ? isPlausible(grown, rate, dt) : grown < 1n << BigInt(bits - 1);
  return grown >= 0n && fits ? narrow(grown) : null;
}

/**
 * The first reading of an epoch. The first epoch ever of a series is a baseline, unless its start is known and lies
 * in the stream or the instance was seen off before; every later epoch counts from zero, if the evidence allows
 * (design 4 (a), (b); R2, R4, R5, R6, R13).
 */
function begin(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  life: Life,
  f: number,
  t: number,
  hi: number,
  lo: number,
  startedAt: number,
): void {
  const value = toAmount(hi, lo);
  const previous = previousTime(block, f);
  const first = previous === Number.NEGATIVE_INFINITY || block.firstAt === t;
  const off = instance.absent?.source === life.source ? instance.absent.at : Number.NEGATIVE_INFINITY;
  const start = startedAt < t || value === 0 ? startedAt : Number.NaN;
  if (first && off === Number.NEGATIVE_INFINITY && !(start >= at.progress.streamStart)) {
    at.tally.events.first++;
    addToTotals(block, f, value);
    return;
  }
  addToTotals(block, f, 0);
  const origin = originOf(at, life, t, off, start, previous);
  const rate = maxRate(at, instance, block, f);
  const flags = first ? origin.flags & ~RESET : origin.flags;
  if (flags & RESET) at.tally.events.reset++;
  if (isPlausible(value, rate, t - origin.evidenceFrom)) {
    span(at, block, f, value, origin.from, t, flags, maxGap(at.interval));
  } else {
    at.tally.events.epoch_conflict++;
    mark(at.emission.rules, block, f, origin.from, t, (flags & ~LOWER_BOUND) | EPOCH_CONFLICT);
  }
}

/** Where a count from zero begins, since when the value can have come together, and what to say of it. */
function originOf(
  at: Circumstances,
  life: Life,
  t: number,
  off: number,
  start: number,
  previous: number,
): { readonly from: number; readonly evidenceFrom: number; readonly flags: number } {
  if (off > Number.NEGATIVE_INFINITY && off < t) {
    const from = Number.isNaN(start) ? off : Math.max(start, off);
    return { from, evidenceFrom: from, flags: 0 };
  }
  if (!Number.isNaN(start)) return { from: Math.max(start, previous), evidenceFrom: start, flags: RESET };
  const unlistedAt = life.source.completeAt;
  if (unlistedAt > Number.NEGATIVE_INFINITY && unlistedAt < t) {
    return { from: Math.max(unlistedAt, previous), evidenceFrom: unlistedAt, flags: RESET | LOWER_BOUND };
  }
  return {
    from: previous,
    evidenceFrom: previous - at.rules.maxSkew - at.interval,
    flags: RESET | LOWER_BOUND,
  };
}

/** The continuity-corrected cumulative starts from the first baselines, or from zero (R18). */
function addToTotals(block: Block, f: number, value: Amount): void {
  for (const totals of block.totals) totals[f] = add(totals[f] ?? 0, value);
}

/**
 * Applies a block of a row of basis INTERVAL: amounts over (t − interval, t], whatever host or epoch reports them
 * (ruling R10). The begin is clipped to the last row's time, the amount kept whole. The caller has made sure that
 * `t` is newer than the last row.
 */
export function applyInterval(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  life: Life,
  batch: SliceBatch,
  b: number,
  t: number,
  interval: number,
): void {
  const start = batch.valueStart[b] as number;
  for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
    if (batch.present[start + f] === 0) continue;
    const hi = batch.hi[start + f] as number;
    const lo = batch.lo[start + f] as number;
    const amount = toAmount(hi, lo);
    const then = life.base[f * BASE] as number;
    if (Number.isNaN(then)) addToTotals(block, f, 0);
    const from = Number.isNaN(then) ? t - interval : Math.max(t - interval, then);
    for (let w = 0; w < at.emission.rules.sizes.length; w++) {
      spread(at.emission.rules, block, w, f, amount, from, t, 0, true);
    }
    life.base[f * BASE] = t;
    life.base[f * BASE + 1] = hi;
    life.base[f * BASE + 2] = lo;
    settle(at.emission, instance, block, f, t);
  }
  life.finalisedAt = t;
}

/** The source lists the instance as off: what its living epochs did since their last reading is lost (R5). */
export function endLives(at: Circumstances, instance: InstanceState): void {
  for (const block of instance.blocks) {
    setApart(block, at.emission.rules.sizes.length);
    for (const life of block.lives) {
      if (life.source !== at.source || life.ended) continue;
      life.ended = true;
      at.tally.events.absent++;
      for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
        const then = life.base[f * BASE] as number;
        if (!Number.isNaN(then)) markOpen(at, block, f, then, at.polledAt);
      }
    }
  }
}

/** Flags `lower_bound` on the windows of (from, to] that hold something and are not emitted. */
function markOpen(at: Circumstances, block: Block, f: number, from: number, to: number): void {
  const { sizes } = at.emission.rules;
  for (let w = 0; w < sizes.length; w++) {
    const size = sizes[w] as number;
    const k = (block.windows[w] as number[])[f * ACC + K] as number;
    if (from < (k + 1) * size && to > k * size) put(block, w, f, k, 0, Number.NaN, to, LOWER_BOUND);
  }
}
