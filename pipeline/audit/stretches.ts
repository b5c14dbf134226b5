/** Windows of one size (microseconds) that follow upon each other without a gap. */
export interface Stretch {
  readonly size: number;
  from: number;
  until: number;
}

/** What windows each instance had, of any series: enough to see where sizes took turns. */
export type Stretches = Map<string, Stretch[]>;

/** Notes a published window of an instance. */
export function noteWindow(stretches: Stretches, instance: string, from: number, until: number): void {
  let list = stretches.get(instance);
  if (list === undefined) {
    list = [];
    stretches.set(instance, list);
  }
  const size = until - from;
  for (let n = list.length - 1; n >= 0; n--) {
    const each = list[n] as Stretch;
    if (each.size !== size || from > each.until || until < each.from) continue;
    each.from = Math.min(each.from, from);
    each.until = Math.max(each.until, until);
    return;
  }
  list.push({ size, from, until });
}
