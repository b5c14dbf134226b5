import { COUNTERS } from '../../avro/batch.ts';
import { createDeleted } from './deletion.ts';
import type { Hole } from './holes.ts';
import type { Partition } from './partition.ts';
import type { Rules } from './rules.ts';
import { changeRuns, isSettled, type Run, type SizeChange } from './runs.ts';
import { ACC, type Apart, type Block, createApart, DELTA, gaugesOf, K, SPREAD } from './state.ts';
import { bringTogether, setApart } from './together.ts';
import { type Amount, add } from './uint64.ts';
import { changeAll } from './unsaved.ts';
import { windowOf } from './windows.ts';

/**
 * Fits a partition to the window sizes of the rules. A size that stays keeps its windows; one that is new begins at a
 * bound, its cumulative where that of the others stands; one that is dropped is cut up to a bound (`runs.ts`).
 */
export function fitSizes(partition: Partition, { windows }: Rules): readonly SizeChange[] {
  const { runs, was, changes } = changeRuns(partition.runs, windows, partition.progress.watermark);
  arrange(partition, runs, was);
  return changes;
}

/** Lets go of the sizes that have ended and of which everything has come. Were there any? */
export function letGoOfEnded(partition: Partition, graces: readonly number[], watermark: number): boolean {
  const { runs } = partition;
  let left = runs.length;
  while (left > 0 && isSettled(runs[left - 1] as Run, watermark, graces[left - 1] as number)) left--;
  if (left === runs.length) return false;
  const successors = runs.slice(left).flatMap(({ size, successor }) => (successor === null ? [] : [[size, successor]]));
  partition.past = new Map([...partition.past, ...(successors as [number, number][])].slice(-MOST_PAST));
  arrange(
    partition,
    runs.slice(0, left),
    runs.slice(0, left).map((_, w) => w),
  );
  return true;
}

const MOST_PAST = 64;

/** `was`: by new run, the index that it had, −1 for none. */
function arrange(partition: Partition, runs: readonly Run[], was: readonly number[]): void {
  const before = partition.runs.length;
  partition.runs = runs;
  if (runs.length === before && was.every((old, w) => old === w)) return;
  const pick = (values: readonly number[]): number[] => was.map((w) => values[w] ?? Number.NEGATIVE_INFINITY);
  partition.sizes = runs.map(({ size }) => size);
  for (const instance of partition.instances.values()) {
    for (const block of instance.blocks) resizeBlock(block, before, was);
    // A status is an instant's: the window of the last one is not told by a size that was not there then.
    instance.told = was.map((w, index) =>
      w < 0
        ? windowOf(instance.listedAt, partition.sizes[index] as number)
        : (instance.told[w] ?? Number.NEGATIVE_INFINITY),
    );
  }
  partition.closedBefore = pick(partition.closedBefore);
  partition.deleted = { ...createDeleted(runs.length), instances: partition.deleted.instances };
  for (const slice of partition.hold.heap) Object.assign(slice, { lateBefore: pick(slice.lateBefore) });
  for (const [offset, slices] of partition.awaited) {
    const fitted = slices.map((slice) => ({ ...slice, lateBefore: pick(slice.lateBefore) }));
    partition.awaited.set(offset, fitted);
  }
  // Of every instance another record is kept than before.
  changeAll(partition);
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
    block.gauges = {
      latest,
      at,
      gap,
      emitted: from.map((w) => emitted[w] ?? Number.NEGATIVE_INFINITY),
      spread: from.map((w) => spread[w] ?? new Array<number>(gaugesOf(block.kind) * SPREAD).fill(Number.NaN)),
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
