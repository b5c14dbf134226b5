/**
 * What is wrong with a source's list of meters, or null: included ones and excluded ones together, or included ones beside
 * the bare `*`. A pattern that begins with `*` counts as neither.
 */
export function meterListFault(meters: readonly string[]): string | null {
  const included = meters.filter((meter) => !'!*'.includes(meter[0] ?? ''));
  if (included.length === 0) return null;
  if (meters.some((meter) => meter.startsWith('!')))
    return 'meters are included and excluded; do one of both (exclusions leave all others in)';
  return meters.includes('*') ? 'meters are included beside "*", which is all of them' : null;
}

/**
 * The lists that one sink gets from several sources, as lists for sinks of ours: one if all of them only include, else each
 * its own.
 */
export function mergeMeterLists(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  if (lists.length < 2 || lists.some((list) => list.some((meter) => meter.startsWith('!')))) return lists;
  return [[...new Set(lists.flat())]];
}
