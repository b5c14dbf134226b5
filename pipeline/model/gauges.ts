import { COUNTERS, type SliceBatch } from '../../avro/batch.ts';
import { isWithin } from './bounds.ts';
import type { Circumstances } from './circumstances.ts';
import type { Closed } from './closed.ts';
import { maxGap } from './progress.ts';
import type { WindowRules } from './rules.ts';
import { type Block, createGauges, GAUGE, type Gauges, gaugesOf, type InstanceState, SPREAD } from './state.ts';
import { toAmount } from './uint64.ts';
import { windowOf } from './windows.ts';

/**
 * Takes the gauges of one block read at `t`. In its window a reading stands for the time since the one before it or the
 * window's begin, the last one also for what is left to the window's end; neither for longer than max_gap. A window is
 * finished when a reading of a later one comes, or one exactly on its end (ruling R12). Readings older than the latest
 * are left out.
 */
export function applyGauges(
  { emission, interval }: Circumstances,
  instance: InstanceState,
  block: Block,
  batch: SliceBatch,
  b: number,
  t: number,
): void {
  const { rules } = emission;
  const { sizes } = rules;
  const count = gaugesOf(block.kind);
  const start = (batch.valueStart[b] as number) + (COUNTERS[block.kind] as number);
  if (count === 0 || (block.gauges === null && !anyPresent(batch, start, count))) return;
  block.gauges ??= createGauges(block.kind, sizes.length);
  const { gauges } = block;
  if (t <= gauges.at) return;
  for (let w = 0; w < sizes.length; w++)
    emitGauges(emission.closed, rules, instance, block, w, windowOf(t, sizes[w] as number));
  gauges.gap = maxGap(interval);
  for (let g = 0; g < count; g++) {
    if (batch.present[start + g] === 1)
      read(gauges, sizes, g, t, batch.hi[start + g] as number, batch.lo[start + g] as number);
  }
  gauges.at = t;
  for (let w = 0; w < sizes.length; w++) {
    emitGauges(emission.closed, rules, instance, block, w, Math.floor(t / (sizes[w] as number)));
  }
}

/** One gauge's next reading, hi:lo. */
function read(
  { latest, gap, spread }: Gauges,
  sizes: readonly number[],
  g: number,
  t: number,
  hi: number,
  lo: number,
): void {
  const before = latest[g * GAUGE] as number;
  for (let w = 0; w < sizes.length; w++) {
    const size = sizes[w] as number;
    const index = windowOf(t, size);
    const of = spread[w] as number[];
    const at = g * SPREAD;
    if (windowOf(before, size) !== index || Number.isNaN(of[at + 2])) {
      of[at] = 0;
      of[at + 1] = 0;
      of[at + 2] = of[at + 4] = hi;
      of[at + 3] = of[at + 5] = lo;
    }
    weigh(of, at, hi, lo, Math.min(t - Math.max(index * size, Number.isNaN(before) ? t : before), gap));
    if (isLess(hi, lo, of[at + 2] as number, of[at + 3] as number)) {
      of[at + 2] = hi;
      of[at + 3] = lo;
    }
    if (isLess(of[at + 4] as number, of[at + 5] as number, hi, lo)) {
      of[at + 4] = hi;
      of[at + 5] = lo;
    }
  }
  latest[g * GAUGE] = t;
  latest[g * GAUGE + 1] = hi;
  latest[g * GAUGE + 2] = lo;
}

const TWO_32 = 2 ** 32;

function weigh(of: number[], at: number, hi: number, lo: number, time: number): void {
  of[at] = (of[at] as number) + (hi * TWO_32 + lo) * time;
  of[at + 1] = (of[at + 1] as number) + time;
}

const isLess = (hi: number, lo: number, hi2: number, lo2: number): boolean => hi < hi2 || (hi === hi2 && lo < lo2);

/** Emits the readings for the window of size w that the latest belong to, if it lies before window `before`. */
export function emitGauges(
  closed: Closed,
  rules: Pick<WindowRules, 'sizes' | 'bounds'>,
  instance: InstanceState,
  block: Block,
  w: number,
  before: number,
): void {
  if (block.gauges === null) return;
  const { latest, at, emitted, spread, gap } = block.gauges;
  const size = rules.sizes[w] as number;
  const index = windowOf(at, size);
  if (!(index < before) || index <= (emitted[w] as number)) return;
  emitted[w] = index;
  if (!isWithin(rules, w, index)) return;
  const counters = COUNTERS[block.kind] as number;
  const of = spread[w] as number[];
  for (let g = 0; g < gaugesOf(block.kind); g++) {
    const [t, hi, lo] = [latest[g * GAUGE], latest[g * GAUGE + 1], latest[g * GAUGE + 2]] as [number, number, number];
    if (windowOf(t, size) !== index) continue;
    const s = g * SPREAD;
    // Read before there were windows of this size.
    if (Number.isNaN(of[s + 2])) continue;
    weigh(of, s, hi, lo, Math.min((index + 1) * size - t, gap));
    const last = toAmount(hi, lo);
    closed.gauges.push({
      instance,
      block,
      identity: instance.identity,
      vcpus: instance.vcpus,
      state: instance.state,
      field: counters + g,
      size: w,
      index,
      last,
      least: toAmount(of[s + 2] as number, of[s + 3] as number),
      most: toAmount(of[s + 4] as number, of[s + 5] as number),
      mean: of[s + 1] === 0 ? Number(last) : (of[s] as number) / (of[s + 1] as number),
    });
  }
}

function anyPresent(batch: SliceBatch, start: number, count: number): boolean {
  for (let v = start; v < start + count; v++) if (batch.present[v] === 1) return true;
  return false;
}
