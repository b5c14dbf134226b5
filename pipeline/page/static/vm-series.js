/** @import { VmHistory, VmSeries } from '../model.ts' */

/** Plots in this order, by family and unit; what is not listed comes after them. */
const TITLES = new Map([
  ['cpu %', 'CPU'],
  ['memory MiB', 'Memory'],
  ['memory MiB/s', 'Swap'],
  ['disk B/s', 'Disk throughput'],
  ['disk request/s', 'Disk requests'],
  ['disk ns', 'Disk latency'],
  ['network B/s', 'Network throughput'],
  ['network packet/s', 'Network packets'],
  ['disk B', 'Disk space'],
  ['disk GiB', 'Disk size'],
  ['vcpus vcpu', 'vCPUs'],
  ['power ', 'Power state'],
]);

/** Words that say nothing within a plot. */
const COMMON = /^(disk\.device|disk|network|memory)\.|\.(rate|delta)$/g;

/**
 * The series of a VM as plots: those of one family (`disk`, `network`) and unit together.
 * @param {VmHistory} history
 * @returns {{ key: string, title: string, series: { label: string, unit: string, values: VmSeries['values'] }[] }[]}
 */
export function plotsOf({ series }) {
  /** @type {Map<string, VmSeries[]>} */
  const groups = new Map();
  for (const each of series) {
    const key = `${familyOf(each.meter)} ${each.unit}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const order = [...TITLES.keys()];
  const rank = (/** @type {string} */ key) => (order.includes(key) ? order.indexOf(key) : order.length);
  return [...groups]
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([key, members]) => ({
      key,
      title: TITLES.get(key) ?? titleOf(key, members),
      series: members.map((each) => ({ label: labelOf(each), unit: each.unit, values: each.values })),
    }));
}

/** @param {string} meter */
const familyOf = (meter) => (meter.startsWith('cpu_util') ? 'cpu' : (meter.split('.')[0] ?? meter));

/** @param {string} key @param {VmSeries[]} members */
const titleOf = (key, members) => (members.length === 1 ? (members[0]?.meter ?? key) : key.trim());

/** @param {VmSeries} series */
function labelOf({ meter, device }) {
  const name = meter.replace(COMMON, '').replace(COMMON, '').replaceAll('.', ' ').replace(' bytes', '');
  return device === '' ? name : `${device} ${name}`;
}

/**
 * What happened to a VM, by window: resets of its counters, moves to another host, and windows that were not wholly seen.
 * @param {VmHistory} history
 * @returns {{ at: number, kind: 'reset' | 'moved' | 'gap', text: string }[]}
 */
export function happened({ endAt, flags, hosts, coverage, sizeMs }) {
  return endAt.flatMap((at, i) => {
    const events = [];
    const [before, now] = [hosts[i - 1], hosts[i]];
    if (i > 0 && before && now && before !== now)
      events.push({ at, kind: /** @type {const} */ ('moved'), text: `moved from ${before} to ${now}` });
    const resets = (flags[i] ?? []).filter((flag) => RESETS.has(flag));
    if (resets.length > 0)
      events.push({ at, kind: /** @type {const} */ ('reset'), text: `counters began anew (${resets.join(', ')})` });
    const share = coverage[i];
    if (share !== null && share !== undefined && share < 0.999)
      events.push({
        at,
        kind: /** @type {const} */ ('gap'),
        text: `${Math.floor(share * 100)} % of the window was observed`,
      });
    const previous = endAt[i - 1];
    if (previous !== undefined && at - previous > sizeMs * 1.5)
      events.push({
        at,
        kind: /** @type {const} */ ('gap'),
        text: `no window for ${Math.round((at - previous - sizeMs) / 1000)} s before this one`,
      });
    return events;
  });
}

const RESETS = new Set(['reset', 'reset_inferred', 'wrap', 'epoch_conflict']);
