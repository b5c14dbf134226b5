import { COUNTERS } from '../../avro/batch.ts';
import type { Hole } from './holes.ts';
import type { Partition } from './partition.ts';
import type { Rules } from './rules.ts';
import { ACC, type Apart, type Block, createApart, createGauges, DELTA, K } from './state.ts';
import { bringTogether, setApart } from './together.ts';
import { type Amount, add } from './uint64.ts';

/** Window sizes that a saved state did not have, and those that it had and the rules have not; microseconds. */
export interface SizeChange {
  readonly added: readonly number[];
  readonly dropped: readonly number[];
}

/**
 * Fits a partition to the window sizes of the rules. A size that stays keeps its windows; a new one begins at the
 * latest readings, its cumulative where that of the others stands; one that is dropped takes its open windows with it.
 */
export function resize(
  partition: Partition,
  rules: Rules,
): { readonly partition: Partition; readonly sizes: SizeChange } {
  const { sizes } = rules.windows;
  const before = partition.sizes;
  const added = sizes.filter((size) => !before.includes(size));
  const dropped = before.filter((size) => !sizes.includes(size));
  const change = { added, dropped };
  if (sizes.length === before.length && sizes.every((size, w) => size === before[w]))
    return { partition, sizes: change };
  const from = sizes.map((size) => before.indexOf(size));
  for (const instance of partition.instances.values()) {
    for (const block of instance.blocks) resizeBlock(block, before.length, from);
    instance.told = from.map((w) => instance.told[w] ?? Number.NEGATIVE_INFINITY);
  }
  const pick = (values: readonly number[]): number[] => from.map((w) => values[w] ?? Number.NEGATIVE_INFINITY);
  const awaited = new Map(
    [...partition.awaited].map(([offset, slices]) => [
      offset,
      slices.map((slice) => ({ ...slice, lateBefore: pick(slice.lateBefore) })),
    ]),
  );
  return {
    partition: { ...partition, sizes, closedBefore: pick(partition.closedBefore), awaited },
    sizes: change,
  };
}

/** `from`: by new size, the index that it had, −1 for none. */
function resizeBlock(block: Block, sizesBefore: number, from: readonly number[]): void {
  setApart(block, sizesBefore);
  const fresh = createApart(block.kind, from.length);
  const { windows, more, totals } = block;
  const renamed = (key: string): readonly string[] => {
    const [w, ...rest] = key.split('/');
    return from.flatMap((old, index) => (old === Number(w) ? [[index, ...rest].join('/')] : []));
  };
  const apart: Apart = {
    lives: block.lives,
    windows: from.map((w, index) => (windows[w] ?? fresh.windows[index]) as number[]),
    more: from.map((w) => more[w] ?? null),
    spans: new Map([...block.spans].flatMap(([key, value]) => renamed(key).map((name) => [name, value] as const))),
    surplus: new Map([...block.surplus].flatMap(([key, value]) => renamed(key).map((name) => [name, value] as const))),
    totals: from.map((w) => totals[w] ?? totalsThrough(block)),
  };
  Object.assign(block, apart);
  const untouched = ({ untouchedFrom }: Hole): readonly number[] =>
    from.map((w) => untouchedFrom[w] ?? Number.NEGATIVE_INFINITY);
  block.holes = block.holes?.map((hole) => ({ ...hole, untouchedFrom: untouched(hole) })) ?? null;
  // What was emitted under other sizes is not revised any more.
  block.kept = null;
  if (block.revisions !== null) {
    const revisions = [...block.revisions].flatMap(([key, value]) =>
      renamed(key).map((name) => [name, value] as const),
    );
    block.revisions = revisions.length === 0 ? null : new Map(revisions);
  }
  if (block.gauges !== null) {
    const { latest, at, gap, emitted, spread } = block.gauges;
    const none = createGauges(block.kind, from.length);
    block.gauges = {
      latest,
      at,
      gap,
      emitted: from.map((w) => emitted[w] ?? Number.NEGATIVE_INFINITY),
      spread: from.map((w, index) => (spread[w] ?? none.spread[index]) as number[]),
    };
  }
  bringTogether(block, [Number.NEGATIVE_INFINITY]);
}

/** The cumulative at the latest readings: what a size that was there has emitted, and what waits in its open windows. */
function totalsThrough(block: Block): (Amount | null)[] {
  return Array.from({ length: COUNTERS[block.kind] as number }, (_, f) => {
    const total = block.totals[0]?.[f] ?? null;
    return total === null ? null : openDeltas(block, f).reduce<Amount>(add, total);
  });
}

/** What waits in the open windows of the first size. */
function openDeltas({ windows, more, surplus }: Block, f: number): readonly Amount[] {
  const inline = windows[0] as number[];
  const open = Number.isNaN(inline[f * ACC + K]) ? [] : [inline[f * ACC + DELTA] as number];
  const spilled = (more[0]?.get(f) ?? []).map((acc) => acc[DELTA] as number);
  const beyond = [...surplus]
    .filter(([key]) => key.startsWith(`0/${f}/`) && !key.endsWith('/u'))
    .map(([, each]) => each);
  return [...open, ...spilled, ...beyond];
}
