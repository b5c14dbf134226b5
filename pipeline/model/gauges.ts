import { BLOCK_FIELDS, COUNTERS, type SliceBatch } from '../../avro/batch.ts';
import type { Closed } from './closed.ts';
import { type Block, GAUGE, type InstanceState } from './state.ts';
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
  if (t <= block.gaugedAt) return;
  for (let w = 0; w < sizes.length; w++) emitGauges(closed, sizes, instance, block, w, windowOf(t, sizes[w] as number));
  const counters = COUNTERS[block.kind] as number;
  const start = (batch.valueStart[b] as number) + counters;
  for (let g = 0; g * GAUGE < block.gauges.length; g++) {
    if (batch.present[start + g] === 0) continue;
    block.gauges[g * GAUGE] = t;
    block.gauges[g * GAUGE + 1] = batch.hi[start + g] as number;
    block.gauges[g * GAUGE + 2] = batch.lo[start + g] as number;
  }
  block.gaugedAt = t;
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
  const size = sizes[w] as number;
  const index = windowOf(block.gaugedAt, size);
  if (!(index < before) || index <= (block.gaugesEmitted[w] as number)) return;
  block.gaugesEmitted[w] = index;
  const counters = COUNTERS[block.kind] as number;
  const fields = (BLOCK_FIELDS[block.kind]?.length ?? 0) - counters;
  for (let g = 0; g < fields; g++) {
    const t = block.gauges[g * GAUGE] as number;
    if (windowOf(t, size) !== index) continue;
    const last = toAmount(block.gauges[g * GAUGE + 1] as number, block.gauges[g * GAUGE + 2] as number);
    closed.gauges.push({ instance, block, field: counters + g, size: w, index, last });
  }
}
