import { BLOCK_FIELDS, COUNTERS } from '../../avro/batch.ts';
import type { Closed } from './closed.ts';
import { emitGauges } from './gauges.ts';
import { closeTogether } from './grow.ts';
import type { HeldSlice, Hold } from './hold.ts';
import type { Partition } from './partition.ts';
import type { Rules } from './rules.ts';
import type { Block, InstanceState } from './state.ts';
import { emitStatus } from './status.ts';
import { OPEN, setApart, sizeAt } from './together.ts';
import { type Emission, emitThrough, leastOpen } from './windows.ts';

const NONE: readonly InstanceState[] = [];

/**
 * Closes, for every series that has fallen silent, the windows that ended a grace before the watermark (ruling R1).
 * A series with a reading in the reorder buffer is not silent. Looks at all series once a window. Returns the
 * instances that have changed by it.
 */
export function closeSilent(
  { instances, hold, closedBefore }: Partition,
  { windows }: Rules,
  graces: readonly number[],
  closed: Closed,
  watermark: number,
): readonly InstanceState[] {
  if (watermark === Number.NEGATIVE_INFINITY) return NONE;
  const { sizes } = windows;
  let changed: InstanceState[] | null = null;
  let awaited: Awaited | null = null;
  for (let w = 0; w < sizes.length; w++) {
    const size = sizes[w] as number;
    const before = Math.floor((watermark - (graces[w] as number)) / size);
    if (before <= (closedBefore[w] as number)) continue;
    closedBefore[w] = before;
    const lateBefore = sizes.map(() => Number.NEGATIVE_INFINITY);
    const emission: Emission = { rules: windows, closed, lateBefore, byGrace: true };
    for (const instance of instances.values()) {
      const emitted = countOf(closed);
      if (instance.waiting === 0) emitStatus(closed, sizes, instance, w, before);
      for (const block of instance.blocks) {
        if (instance.waiting === 0) closeBlock(emission, instance, block, w, before, NOT_AWAITED);
        else if (isDue(block, w, size, before)) {
          awaited ??= createAwaited(hold);
          closeBlock(emission, instance, block, w, before, awaited(instance, block));
        }
      }
      if (countOf(closed) === emitted) continue;
      changed ??= [];
      changed.push(instance);
    }
  }
  return changed ?? NONE;
}

const countOf = ({ counters, gauges, statuses }: Closed): number => counters.length + gauges.length + statuses.length;

/** The fields of a block that a row in the reorder buffer has: bit f for field f; null: no row there is of the block. */
type Awaited = (instance: InstanceState, block: Block) => number | null;
const NOT_AWAITED = null;

function closeBlock(
  emission: Emission,
  instance: InstanceState,
  block: Block,
  w: number,
  before: number,
  awaited: number | null,
): void {
  const { rules, closed } = emission;
  const time = before * (rules.sizes[w] as number);
  if (awaited === null) emitGauges(closed, rules.sizes, instance, block, w, before);
  else if (block.together && (block.together.fields & ~awaited) === 0) return;
  if (rules.revise || awaited !== null) setApart(block, rules.sizes.length);
  if (block.together) {
    closeTogether(emission, instance, block, block.together, w, time);
    return;
  }
  const counters = COUNTERS[block.kind] as number;
  for (let f = 0; f < counters; f++) {
    if (((awaited ?? 0) & (1 << f)) === 0) emitThrough(emission, instance, block, w, f, time);
  }
}

/** Has the block a window of size w open that lies before window `before`? One that is read often has none. */
function isDue({ kind, together, gauges, windows, more }: Block, w: number, size: number, before: number): boolean {
  if (
    gauges !== null &&
    Math.ceil(gauges.at / size) - 1 < before &&
    gauges.emitted[w] !== Math.ceil(gauges.at / size) - 1
  )
    return true;
  if (together) return (together.cells[sizeAt(w) + OPEN] as number) < before;
  for (let f = 0; f < (COUNTERS[kind] as number); f++) if (leastOpen({ windows, more }, w, f) < before) return true;
  return false;
}

/** Looks through the reorder buffer once, at the first question. */
function createAwaited({ heap }: Hold): Awaited {
  const slices = new Map<InstanceState, { readonly slice: HeldSlice; readonly n: number }[]>();
  for (const slice of heap) {
    slice.instances.forEach((instance, n) => {
      const known = slices.get(instance);
      if (known) known.push({ slice, n });
      else slices.set(instance, [{ slice, n }]);
    });
  }
  return (instance, block) => {
    let fields: number | null = null;
    for (const { slice, n } of slices.get(instance) ?? []) {
      const found = fieldsIn(slice, n, block);
      if (found !== null) fields = (fields ?? 0) | found;
    }
    return fields;
  };
}

/** The fields of a block that the rows of the slice's instance n have; null: none is of the block. */
function fieldsIn({ batch, header }: HeldSlice, n: number, { kind, device }: Block): number | null {
  const i = header.firstInstance + n;
  let fields: number | null = null;
  for (let r = batch.rowStart[i] as number; r < (batch.rowStart[i + 1] as number); r++) {
    // Left out when it arrived.
    if (Number.isNaN(batch.observedAt[r])) continue;
    for (let b = batch.blockStart[r] as number; b < (batch.blockStart[r + 1] as number); b++) {
      if (batch.kind[b] !== kind || batch.device[b] !== device) continue;
      const start = batch.valueStart[b] as number;
      fields ??= 0;
      for (let f = 0; f < (BLOCK_FIELDS[kind]?.length ?? 0); f++) fields |= (batch.present[start + f] as number) << f;
    }
  }
  return fields;
}
