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
import { type Emission, emitThrough, leastOpen, windowOf } from './windows.ts';

const NONE: readonly InstanceState[] = [];

/**
 * Closes, for every series that has fallen silent, the windows that ended a grace before the watermark (ruling R1).
 * A series with a reading in the reorder buffer is not silent. Looks at all series once a window. Returns the
 * instances that have changed by it.
 */
export function closeSilent(
  { instances, hold, closedBefore }: Partition,
  rules: Rules,
  graces: readonly number[],
  closed: Closed,
  watermark: number,
): readonly InstanceState[] {
  if (watermark === Number.NEGATIVE_INFINITY) return NONE;
  const { sizes, bounds } = rules.windows;
  let changed: InstanceState[] | null = null;
  const awaited = createAwaited(hold);
  for (let w = 0; w < sizes.length; w++) {
    const before = Math.floor((watermark - (graces[w] as number)) / (sizes[w] as number));
    if (before <= (closedBefore[w] as number)) continue;
    closedBefore[w] = before;
    if (before * (sizes[w] as number) <= (bounds?.[w]?.from ?? Number.NEGATIVE_INFINITY)) continue;
    const emission = emissionOf(rules, closed);
    for (const instance of instances.values()) {
      const emitted = countOf(closed);
      closeInstance(emission, instance, w, before, instance.waiting === 0 ? NOBODY : awaited);
      if (countOf(closed) === emitted) continue;
      changed ??= [];
      changed.push(instance);
    }
  }
  return changed ?? NONE;
}

/**
 * The same of instances that are deleted, for which nobody waits: their windows that the watermark has passed (R21).
 * In the order of their keys, whatever they were deleted in.
 */
export function closeDeleted(
  { deleted, hold }: Partition,
  rules: Rules,
  closed: Closed,
  watermark: number,
): readonly InstanceState[] {
  if (deleted.instances.size === 0 || watermark === Number.NEGATIVE_INFINITY) return NONE;
  const { sizes } = rules.windows;
  const befores = sizes.map((size) => Math.floor(watermark / size));
  if (befores.every((before, w) => before <= (deleted.closedBefore[w] as number))) return NONE;
  befores.forEach((before, w) => {
    deleted.closedBefore[w] = before;
  });
  const awaited = createAwaited(hold);
  const emission = emissionOf(rules, closed);
  const instances = [...deleted.instances].sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const instance of instances) {
    const isSilent = instance.waiting === 0;
    befores.forEach((before, w) => {
      closeInstance(emission, instance, w, before, isSilent ? NOBODY : awaited);
    });
    const isDone = sizes.every((size, w) => windowOf(instance.goneAt, size) < (befores[w] as number));
    if (isDone && isSilent) deleted.instances.delete(instance);
  }
  return instances;
}

/** Closes all windows of an instance that end at or before `time`, whatever may still come. */
export function closeAll(rules: Rules, closed: Closed, instance: InstanceState, time: number): void {
  const emission = emissionOf(rules, closed);
  rules.windows.sizes.forEach((size, w) => {
    closeInstance(emission, instance, w, Math.floor(time / size), NOBODY);
  });
}

const emissionOf = ({ windows }: Rules, closed: Closed): Emission => ({
  rules: windows,
  closed,
  lateBefore: windows.sizes.map(() => Number.NEGATIVE_INFINITY),
  byGrace: true,
});

/** `awaited`: what of the instance is in the reorder buffer. */
function closeInstance(
  emission: Emission,
  instance: InstanceState,
  w: number,
  before: number,
  awaited: Awaited | typeof NOBODY,
): void {
  const { closed, rules } = emission;
  if (awaited === NOBODY) emitStatus(closed, rules, instance, w, before);
  for (const block of instance.blocks) {
    if (awaited === NOBODY) closeBlock(emission, instance, block, w, before, NOT_AWAITED);
    else if (isDue(block, w, rules.sizes[w] as number, before))
      closeBlock(emission, instance, block, w, before, awaited(instance, block));
  }
}

const countOf = ({ counters, gauges, statuses }: Closed): number => counters.length + gauges.length + statuses.length;

/** The fields of a block that a row in the reorder buffer has: bit f for field f; null: no row there is of the block. */
type Awaited = (instance: InstanceState, block: Block) => number | null;
const NOT_AWAITED = null;
/** Nothing of the instance waits there. */
const NOBODY = null;

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
  if (awaited === null) emitGauges(closed, rules, instance, block, w, before);
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
  let slices: Map<InstanceState, { readonly slice: HeldSlice; readonly n: number }[]> | null = null;
  return (instance, block) => {
    slices ??= byInstance(heap);
    let fields: number | null = null;
    for (const { slice, n } of slices.get(instance) ?? []) {
      const found = fieldsIn(slice, n, block);
      if (found !== null) fields = (fields ?? 0) | found;
    }
    return fields;
  };
}

function byInstance(heap: readonly HeldSlice[]) {
  const slices = new Map<InstanceState, { readonly slice: HeldSlice; readonly n: number }[]>();
  for (const slice of heap) {
    slice.instances.forEach((instance, n) => {
      const known = slices.get(instance);
      if (known) known.push({ slice, n });
      else slices.set(instance, [{ slice, n }]);
    });
  }
  return slices;
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
