import { COUNTERS, type SliceBatch } from '../../avro/batch.ts';
import { begin } from './begin.ts';
import type { Circumstances, CounterReading } from './circumstances.ts';
import { fall } from './fall.ts';
import { checkRate } from './plausible.ts';
import { span } from './span.ts';
import { BASE, type Block, type InstanceState, isAlive, type Life } from './state.ts';
import { type Amount, difference, narrow, toBigInt } from './uint64.ts';
import { settle } from './windows.ts';

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
    for (let w = 0; w < at.aliveSince.length; w++) {
      settle(at.emission, instance, block, w, f, ownTime(block, life, f, at.aliveSince[w] as number));
    }
  }
  life.finalisedAt = t;
}

/**
 * The series' own time: the least believed baseline over its living epochs; none alive: nothing is final by itself. The
 * grace of the life that has just been read begins anew, however late that comes.
 */
function ownTime(block: Block, read: Life, f: number, since: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const life of block.lives) {
    const t = life.base[f * BASE] as number;
    const from = life === read ? Number.NEGATIVE_INFINITY : since;
    if (t >= from && t < least && isAlive(life, from)) least = t;
  }
  return least === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : least;
}

/** The reading is the baseline of the next. */
export function believe({ life, f, t, hi, lo }: CounterReading): void {
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
