import { COUNTERS, type SliceBatch } from '../../avro/batch.ts';
import { addToTotals, countSince } from './begin.ts';
import type { Circumstances, CounterReading } from './circumstances.ts';
import { believe } from './counters.ts';
import { fillHole, type Hole, isHole, openHole } from './holes.ts';
import { spread } from './split.ts';
import { BASE, type Block, type InstanceState, type Life } from './state.ts';
import { toAmount, toBigInt } from './uint64.ts';
import { emitThrough, settle, windowAfter, windowOf } from './windows.ts';

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
  const { sizes } = at.emission.rules;
  if (life.finalisedAt > Number.NEGATIVE_INFINITY && t - interval > life.finalisedAt) {
    openHole(block, sizes, life.finalisedAt, t - interval, at.tally);
  }
  const start = batch.valueStart[b] as number;
  const reading: CounterReading = { instance, block, life, t, f: 0, hi: 0, lo: 0 };
  for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
    if (batch.present[start + f] === 0) continue;
    reading.f = f;
    reading.hi = batch.hi[start + f] as number;
    reading.lo = batch.lo[start + f] as number;
    const then = life.base[f * BASE] as number;
    if (Number.isNaN(then)) {
      addToTotals(block, f, 0);
      countSince(block, t - interval);
    } else at.progress.credit += toBigInt(life.base[f * BASE + 1] as number, life.base[f * BASE + 2] as number);
    const from = Number.isNaN(then) ? t - interval : Math.max(t - interval, then);
    for (let w = 0; w < sizes.length; w++) {
      spread(at.emission.rules, block, w, f, toAmount(reading.hi, reading.lo), from, t, 0, true);
    }
    believe(reading);
    for (let w = 0; w < sizes.length; w++) settle(at.emission, instance, block, w, f, t);
  }
  life.finalisedAt = t;
}

/**
 * Applies a row that came after later ones and fills a part of a hole: its amount goes to the windows it is of, those
 * that were emitted without it excepted. A window of which nothing is missing any more is emitted at once; another
 * waits for the next row, or the grace.
 */
export function applyLateInterval(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  hole: Hole,
  batch: SliceBatch,
  b: number,
  t: number,
  interval: number,
): void {
  const { rules } = at.emission;
  const from = Math.max(t - interval, hole.from);
  fillHole(block, hole, from, t);
  const start = batch.valueStart[b] as number;
  for (let f = 0; f < (COUNTERS[block.kind] as number); f++) {
    if (batch.present[start + f] === 0) continue;
    const amount = toAmount(batch.hi[start + f] as number, batch.lo[start + f] as number);
    at.progress.credit += BigInt(amount);
    addToTotals(block, f, 0);
    for (let w = 0; w < rules.sizes.length; w++) {
      const unknown = {
        from: Math.max(hole.from, hole.untouchedFrom[w] as number),
        to: hole.to,
        size: rules.sizes[w] as number,
      };
      spread(rules, block, w, f, amount, from, t, 0, true, unknown);
    }
    for (let w = 0; w < rules.sizes.length; w++) emitKnown(at, instance, block, w, f, from, t);
  }
}

/** Emits the windows that (from, t] reaches into, if no hole does any more and a later row has been counted. */
function emitKnown(
  at: Circumstances,
  instance: InstanceState,
  block: Block,
  w: number,
  f: number,
  from: number,
  t: number,
): void {
  const size = at.emission.rules.sizes[w] as number;
  const newest = block.lives.at(-1)?.base[f * BASE] as number;
  // The last one: those before it go with it.
  for (let k = windowOf(t, size); k >= windowAfter(from, size); k--) {
    const end = (k + 1) * size;
    if (!(end <= newest) || isHole(block, k * size, end)) continue;
    emitThrough(at.emission, instance, block, w, f, end);
    return;
  }
}
