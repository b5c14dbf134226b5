import { COUNTERS, type SliceBatch } from '../../avro/batch.ts';
import { addToTotals, begin } from './begin.ts';
import type { Circumstances, CounterReading } from './circumstances.ts';
import { fall } from './fall.ts';
import { checkRate } from './plausible.ts';
import { depart } from './residual.ts';
import { span } from './span.ts';
import { BASE, type Block, type InstanceState, isAlive, type Life } from './state.ts';
import { type Amount, difference, narrow, toAmount, toBigInt } from './uint64.ts';
import { settle, spread } from './windows.ts';

/**
 * Applies the counters of one block of a row of basis CUMULATIVE, read at `t`, to the life they belong to
 * (docs/semantics.md 1.3, rulings R2 to R9), each counter for itself; blocks whose counters all just grow do not come
 * here (`grow.ts`). The caller has made sure that `t` is newer than the life's last reading.
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
  const start = batch.valueStart[b] as number;
  const counters = COUNTERS[block.kind] as number;
  const reading: CounterReading = { instance, block, life, t, f: 0, hi: 0, lo: 0 };
  for (let f = 0; f < counters; f++) {
    if (batch.present[start + f] === 0) continue;
    reading.f = f;
    reading.hi = batch.hi[start + f] as number;
    reading.lo = batch.lo[start + f] as number;
    if (Number.isNaN(life.base[f * BASE])) begin(at, reading, startedAt);
    else if (!move(at, reading)) continue;
    believe(reading);
    settle(at.emission, instance, block, f, ownTime(block, f));
  }
  life.finalisedAt = t;
}

/** The series' own time: the least believed baseline over its living epochs; none alive: nothing is final by itself. */
function ownTime(block: Block, f: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const life of block.lives) {
    const t = life.base[f * BASE] as number;
    if (!Number.isNaN(t) && isAlive(life) && t < least) least = t;
  }
  return least === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : least;
}

/** The reading is the baseline of the next. */
function believe({ life, f, t, hi, lo }: CounterReading): void {
  const i = f * BASE;
  life.base[i] = t;
  life.base[i + 1] = hi;
  life.base[i + 2] = lo;
}

/** From one reading of an epoch to the next. False: the baseline stays what it was. */
function move(at: Circumstances, reading: CounterReading): boolean {
  const { instance, block, life, f, t, hi, lo } = reading;
  const i = f * BASE;
  const then = life.base[i] as number;
  const delta = growth(hi, lo, life.base[i + 1] as number, life.base[i + 2] as number);
  if (delta < 0) return fall(at, reading);
  life.falls?.delete(f);
  if (life.falls?.size === 0) life.falls = null;
  checkRate(at, instance, block, f, delta, t - then);
  span(at, block, f, delta, then, t, 0);
  return true;
}

function growth(hi: number, lo: number, hi2: number, lo2: number): Amount {
  const d = difference(hi, lo, hi2, lo2);
  return Number.isNaN(d) ? narrow(toBigInt(hi, lo) - toBigInt(hi2, lo2)) : d;
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
  const reading: CounterReading = { instance, block, life, t, f: 0, hi: 0, lo: 0 };
  for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
    if (batch.present[start + f] === 0) continue;
    reading.f = f;
    reading.hi = batch.hi[start + f] as number;
    reading.lo = batch.lo[start + f] as number;
    const then = life.base[f * BASE] as number;
    const amount = toAmount(reading.hi, reading.lo);
    if (Number.isNaN(then)) addToTotals(block, f, 0);
    else depart(instance, 0, toAmount(life.base[f * BASE + 1] as number, life.base[f * BASE + 2] as number), 0);
    const from = Number.isNaN(then) ? t - interval : Math.max(t - interval, then);
    for (let w = 0; w < at.emission.rules.sizes.length; w++) {
      spread(at.emission.rules, block, w, f, amount, from, t, 0, true);
    }
    believe(reading);
    settle(at.emission, instance, block, f, t);
  }
  life.finalisedAt = t;
}
