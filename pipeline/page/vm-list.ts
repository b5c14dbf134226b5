import type { VmHistories } from './history.ts';
import type { VmList, VmRow } from './model.ts';
import { countInstances, matchingVms, type OwnedPartition } from './partitions.ts';

/** So many are shown, and so many are looked at for the order. */
const SHOWN = 200;
const MOST = 20_000;

export type VmOrder = 'name' | 'cpu' | 'coverage';

export const vmOrder = (text: string | null): VmOrder => (text === 'cpu' || text === 'coverage' ? text : 'name');

/** Instances whose name, uuid or host has the text: by name, the busiest first, or those least observed first. */
export function listVms(
  owned: readonly OwnedPartition[],
  histories: VmHistories,
  text: string,
  order: VmOrder,
): VmList {
  const matching = matchingVms(owned, text, MOST).map((row): VmRow => {
    const { cpu, coverage } = histories.latest(row.id);
    return { ...row, cpu: orNull(cpu), coverage: orNull(coverage) };
  });
  return {
    known: countInstances(owned),
    matching: matching.length,
    rows: firstVms(matching, order),
    unheard: [],
  };
}

/** As many of these as are shown, in order. */
export const firstVms = (rows: readonly VmRow[], order: VmOrder): readonly VmRow[] =>
  rows.toSorted(ORDERS[order]).slice(0, SHOWN);

const byName = (a: VmRow, b: VmRow): number => {
  const [left, right] = [a.name ?? a.id, b.name ?? b.id];
  return left < right ? -1 : left > right ? 1 : 0;
};

/** What nobody knows comes last. */
const ORDERS: Readonly<Record<VmOrder, (a: VmRow, b: VmRow) => number>> = {
  name: byName,
  cpu: (a, b) => (b.cpu ?? -1) - (a.cpu ?? -1) || byName(a, b),
  coverage: (a, b) => (a.coverage ?? 2) - (b.coverage ?? 2) || byName(a, b),
};

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
