import type { Instance, Row } from '../../avro/snapshot.ts';
import type { Poll } from '../../connectors/connector.ts';
import { loadOf } from '../fakes/xenapi/counters.ts';
import type { Domain, Vm } from '../fakes/xenapi/life.ts';
import { STEP_S } from '../fakes/xenapi/rrd.ts';
import { Rrdds } from '../fakes/xenapi/rrdd.ts';
import type { Host, World } from '../fakes/xenapi/world.ts';

/** Series that are compared: what a row says, and the counters of the world that it is made of. */
export const SERIES: Readonly<
  Record<string, { of(row: Row): bigint | null | undefined; counters: readonly string[] }>
> = {
  cpu: { of: ({ cpuTime }) => cpuTime, counters: ['cpu0', 'cpu1'] },
  rxBytes: { of: ({ nics }) => nics[0]?.rxBytes, counters: ['vif_0_rx'] },
  txBytes: { of: ({ nics }) => nics[0]?.txBytes, counters: ['vif_0_tx'] },
  readBytes: { of: ({ disks }) => disks[0]?.readBytes, counters: ['vbd_xvda_read'] },
  writeBytes: { of: ({ disks }) => disks[0]?.writeBytes, counters: ['vbd_xvda_write'] },
  readRequests: { of: ({ disks }) => disks[0]?.readRequests, counters: ['vbd_xvda_iops_read'] },
  writeRequests: { of: ({ disks }) => disks[0]?.writeRequests, counters: ['vbd_xvda_iops_write'] },
};

/** The rows that polls brought of each instance, hosts too, by hex uuid and time in seconds; each time once. */
export function rowsOf(polls: readonly Poll[]): ReadonlyMap<string, ReadonlyMap<number, Row>> {
  const all = new Map<string, Map<number, Row>>();
  for (const { hosts, instances } of polls)
    for (const { uuid, rows } of [...hosts, ...instances]) {
      const key = uuid.toString('hex');
      const own = all.get(key) ?? new Map<number, Row>();
      all.set(key, own);
      for (const row of rows) own.set(row.observedAt / 1e6, own.get(row.observedAt / 1e6) ?? row);
    }
  return all;
}

export const keyOf = ({ uuid }: Vm): string => uuid.replaceAll('-', '');

/**
 * Every row that a VM's archive ever held, by time and data source, read as it was written: what could have been read.
 * Of the archive of so many seconds a row.
 */
export function archived(
  world: World,
  { uuid }: Vm,
  stepS: number,
  untilUs: number,
): ReadonlyMap<number, ReadonlyMap<string, number>> {
  const rrdds = new Rrdds(world, { minMax: false, migration: 'unknown' });
  const rows = new Map<number, ReadonlyMap<string, number>>();
  for (let at = world.startedAt; at <= untilUs; at += stepS * 1e6) {
    const rrd = rrdds.vm(uuid, at);
    const archive = rrd?.archives.find(({ shape }) => shape.points * STEP_S === stepS);
    if (!rrd || !archive) continue;
    const end = Math.trunc(rrd.lastUpdated / stepS) * stepS;
    // A daemon that was away writes several at once.
    for (let back = 0; back < archive.shape.rows && !rows.has(end - back * stepS); back++)
      rows.set(end - back * stepS, new Map(rrd.sources.map(({ name }, i) => [name, archive.at(back, i)])));
  }
  return rows;
}

/** Where what a VM did is not all known: a domain begins. Microseconds of true time. */
export interface Break {
  readonly at: number;
  readonly how: Domain['how'];
  /** What was consumed in (from, until] is in no sample. */
  readonly from: number;
  readonly until: number;
  /** So many seconds' worth of the highest rate may be shown in its place. */
  readonly imputedS: number;
}

/** The samples of a host: the last one before a time, and the n-th after it. */
function sampleAt({ skewUs, phaseUs }: Host, at: number, n: number): number {
  const step = STEP_S * 1e6;
  return (Math.floor((at + skewUs - phaseUs) / step) + n) * step + phaseUs - skewUs;
}

/** As xapi keeps an RRD: two samples are lost of a new one, one of one that was moved or taken up again, none of a reboot. */
export function breaksOf(world: World, { uuid }: Vm): readonly Break[] {
  return world.domains(uuid).map((domain, i, all): Break => {
    const { from: at, how } = domain;
    const host = world.hosts[domain.host] as Host;
    const before = all[i - 1];
    if (!before) return { at, how, from: at, until: sampleAt(host, at, 2), imputedS: 3 * STEP_S };
    const last = world.hosts[before.host] as Host;
    const from = Math.max(before.from, sampleAt(last, before.until, 0));
    const until = how === 'reboot' ? at : sampleAt(host, at, 1);
    const offS = (until - from) / 1e6;
    // Unknown for more than the heartbeat of 300 s: what is left of the row. Else what the current point had gathered
    // goes for every point, over the time since the edge: more than there was if there was more time before the edge.
    const inflated = Math.max(1, last.phaseUs / host.phaseUs);
    const imputedS = how === 'reboot' ? 0 : offS > 300 ? 30 : (offS + 2 * STEP_S) * inflated;
    return { at, how, from, until, imputedS: imputedS + STEP_S };
  });
}

/** A row that a break reaches into, or the points next to it: what it says is partly xapi's guess. */
export const isAtBreak = (breaks: readonly Break[], { observedAt, interval }: Row): boolean =>
  breaks.some(({ from, until }) => until + 10e6 > observedAt - (interval ?? 0) && from - 10e6 < observedAt);

/** What was found of some rows of one VM's series. */
export interface Verdict {
  readonly rows: number;
  readonly read: bigint;
  readonly truth: bigint;
  /** The most that the two may differ. */
  readonly bound: number;
}

/**
 * Compares rows with what the VM consumed in their time: to half a unit and 32 bits a row; and at the ends of every run
 * of rows, what is shared out of the sample that lies across the edge, as if the load were even.
 */
export function judge(
  world: World,
  vm: Vm,
  rows: readonly Row[],
  { of, counters }: (typeof SERIES)[string],
  digits = 15,
): Verdict {
  const known = rows.filter((row) => typeof of(row) === 'bigint').toSorted((a, b) => a.observedAt - b.observedAt);
  let [read, truth, runs, until] = [0n, 0n, 0, 0];
  for (const row of known) {
    const from = row.observedAt - (row.interval ?? 0);
    const skew = skewAt(world, vm, row.observedAt);
    read += of(row) as bigint;
    for (const counter of counters) truth += world.consumed(vm.uuid, counter, from - skew, row.observedAt - skew);
    if (from !== until) runs++;
    until = row.observedAt;
  }
  const uneven = ratesOf(vm, counters).reduce((sum, each) => sum + Math.max(...each) - Math.min(...each), 0);
  const edgeS = (counters[0]?.includes('iops') ? STEP_S : STEP_S / 4) * 2;
  const quantum = Number(truth) * (2 ** -24 + 0.5 * 10 ** (1 - digits)) + known.length / 2;
  // Each row of the truth is rounded down, each counter of it.
  const bound = quantum + runs * edgeS * uneven + known.length * counters.length;
  return { rows: known.length, read, truth, bound };
}

const ratesOf = (vm: Vm, counters: readonly string[]): readonly (readonly number[])[] =>
  counters.map((counter) => (loadOf(vm, counter)?.steps ?? []).map(({ perSecond }) => perSecond));

/** What the breaks hid of a series, and the most that may be shown in its place, in the counter's unit. */
export function atBreaks(
  world: World,
  vm: Vm,
  breaks: readonly Break[],
  { counters }: (typeof SERIES)[string],
): { readonly hidden: bigint; readonly most: number } {
  const rate = ratesOf(vm, counters).reduce((sum, each) => sum + Math.max(...each), 0);
  const hidden = breaks.reduce(
    (sum, { from, until }) =>
      counters.reduce((all, counter) => all + world.consumed(vm.uuid, counter, from, until), sum),
    0n,
  );
  return { hidden, most: breaks.reduce((sum, { imputedS }) => sum + rate * imputedS, 0) };
}

const skewAt = (world: World, { uuid }: Vm, at: number): number => {
  const domain = world.domains(uuid).findLast(({ from }) => from <= at);
  return domain ? (world.hosts[domain.host]?.skewUs ?? 0) : 0;
};

/** The last Instance that the polls listed of a uuid. */
export const lastListed = (polls: readonly Poll[], uuid: string): Instance | undefined =>
  polls.flatMap(({ instances }) => instances.filter((each) => each.uuid.toString('hex') === uuid)).at(-1);
