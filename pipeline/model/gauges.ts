import { COUNTERS, type SliceBatch } from '../../avro/batch.ts';
import type { Closed } from './closed.ts';
import { type Block, createGauges, GAUGE, gaugesOf, type InstanceState } from './state.ts';
import { toAmount } from './uint64.ts';
import { windowOf } from './windows.ts';

/**
 * Takes the gauges of one block read at `t`. A window's value is its last reading; it is finished when a reading of
 * a later window comes, or one exactly on its end (ruling R12). Readings older than the latest are left out.
 */
export function applyGauges(
  closed: Closed,
  sizes: readonly number[],
  instance: InstanceState,
  block: Block,
  batch: SliceBatch,
  b: number,
  t: number,
): void {
  const count = gaugesOf(block.kind);
  const start = (batch.valueStart[b] as number) + (COUNTERS[block.kind] as number);
  if (count === 0 || (block.gauges === null && !anyPresent(batch, start, count))) return;
  block.gauges ??= createGauges(block.kind, sizes.length);
  const { latest, at } = block.gauges;
  if (t <= at) return;
  for (let w = 0; w < sizes.length; w++) emitGauges(closed, sizes, instance, block, w, windowOf(t, sizes[w] as number));
  for (let g = 0; g < count; g++) {
    if (batch.present[start + g] === 0) continue;
    latest[g * GAUGE] = t;
    latest[g * GAUGE + 1] = batch.hi[start + g] as number;
    latest[g * GAUGE + 2] = batch.lo[start + g] as number;
  }
  block.gauges.at = t;
  for (let w = 0; w < sizes.length; w++) {
    emitGauges(closed, sizes, instance, block, w, Math.floor(t / (sizes[w] as number)));
  }
}

/** Emits the latest readings for the window of size w that they belong to, if it lies before window `before`. */
export function emitGauges(
  closed: Closed,
  sizes: readonly number[],
  instance: InstanceState,
  block: Block,
  w: number,
  before: number,
): void {
  if (block.gauges === null) return;
  const { latest, at, emitted } = block.gauges;
  const size = sizes[w] as number;
  const index = windowOf(at, size);
  if (!(index < before) || index <= (emitted[w] as number)) return;
  emitted[w] = index;
  const counters = COUNTERS[block.kind] as number;
  for (let g = 0; g < gaugesOf(block.kind); g++) {
    if (windowOf(latest[g * GAUGE] as number, size) !== index) continue;
    const last = toAmount(latest[g * GAUGE + 1] as number, latest[g * GAUGE + 2] as number);
    closed.gauges.push({ instance, block, field: counters + g, size: w, index, last });
  }
}

function anyPresent(batch: SliceBatch, start: number, count: number): boolean {
  for (let v = start; v < start + count; v++) if (batch.present[v] === 1) return true;
  return false;
}
