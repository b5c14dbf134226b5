import type { VmHistory, VmList, VmRow, VmSeries } from '../model.ts';
import { firstVms, type VmOrder } from '../vm-list.ts';

/** The VMs of several processes as one list. `unheard`: who did not tell theirs. */
export function mergeVms(lists: readonly VmList[], order: VmOrder, unheard: readonly string[]): VmList {
  const rows = new Map<string, VmRow>();
  // One that two know of is changing hands: who has a window of it knows more.
  for (const row of lists.flatMap((list) => list.rows))
    if (row.coverage !== null || !rows.has(row.id)) rows.set(row.id, row);
  return {
    known: lists.reduce((sum, { known }) => sum + known, 0),
    matching: lists.reduce((sum, { matching }) => sum + matching, 0),
    rows: firstVms([...rows.values()], order),
    unheard,
  };
}

/** The windows of one instance: the latest of whoever had it, with older ones of who had it before. */
export function mergeHistories(histories: readonly (VmHistory | null)[]): VmHistory | null {
  const [newest, ...others] = histories
    .flatMap((history) => history ?? [])
    .sort((a, b) => (b.endAt.at(-1) ?? 0) - (a.endAt.at(-1) ?? 0));
  if (newest === undefined) return null;
  return others
    .filter(({ sizeMs }) => sizeMs === newest.sizeMs)
    .reduce((known, older) => prefixed(older, known), newest);
}

/** The windows of `older` that end before those of `newer`, and those. */
function prefixed(older: VmHistory, newer: VmHistory): VmHistory {
  const first = newer.endAt[0] ?? Number.POSITIVE_INFINITY;
  const end = older.endAt.findIndex((at) => at >= first);
  const n = end < 0 ? older.endAt.length : end;
  if (n === 0) return newer;
  const keys = new Set([...older.series, ...newer.series].map(keyOf));
  const series = [...keys].flatMap((key): VmSeries[] => {
    const [before, after] = [older, newer].map((each) => each.series.find((one) => keyOf(one) === key));
    const known = after ?? before;
    if (known === undefined) return [];
    const values = [...(before?.values.slice(0, n) ?? nulls(n)), ...(after?.values ?? nulls(newer.endAt.length))];
    return [{ ...known, values }];
  });
  return {
    ...newer,
    endAt: [...older.endAt.slice(0, n), ...newer.endAt],
    coverage: [...older.coverage.slice(0, n), ...newer.coverage],
    flags: [...older.flags.slice(0, n), ...newer.flags],
    hosts: [...older.hosts.slice(0, n), ...newer.hosts],
    series,
  };
}

const keyOf = ({ meter, device }: VmSeries): string => `${meter} ${device}`;
const nulls = (length: number): null[] => new Array<null>(length).fill(null);
