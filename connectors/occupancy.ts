import type { Extra, HostExtra, Instance, Row, State } from '../avro/snapshot.ts';

/** What counts as running. */
const RUNS: readonly State[] = ['RUNNING', 'BLOCKED'];

interface Occupancy {
  total: bigint;
  running: bigint;
}

/** An extra of a host, see HOST_COUNTERS and HOST_GAUGES. */
export const hostGauge = (name: HostExtra, value: bigint): Extra => ({ name, device: null, counter: false, value });

/**
 * The hosts with how many VMs each has, and how many of them run, in its newest row: a host that was not read, or whose
 * name another one has too, is not told of. VMs belong to the host of that name (`identity.host`), whatever their state.
 * Only for a list of all VMs: a part of them would be too few.
 */
export function withOccupancy(hosts: readonly Instance[], instances: readonly Instance[]): readonly Instance[] {
  const counts = new Map<string, Occupancy | null>();
  for (const { identity } of hosts) {
    const name = identity?.host ?? null;
    if (name !== null) counts.set(name, counts.has(name) ? null : { total: 0n, running: 0n });
  }
  if (counts.size === 0) return hosts;
  for (const { identity, state, deletedAt } of instances) {
    const count = counts.get(identity?.host ?? '');
    if (count == null || deletedAt !== null) continue;
    count.total++;
    if (RUNS.includes(state)) count.running++;
  }
  return hosts.map((host) => {
    const count = counts.get(host.identity?.host ?? '');
    return count == null ? host : { ...host, rows: inNewest(host.rows, count) };
  });
}

function inNewest(rows: readonly Row[], { total, running }: Occupancy): readonly Row[] {
  const newest = newestOf(rows);
  const told = [hostGauge('compute.node.instances', total), hostGauge('compute.node.instances.running', running)];
  return rows.map((row) => (row === newest ? { ...row, extras: [...row.extras, ...told] } : row));
}

/** Of rows of one time the last. */
function newestOf(rows: readonly Row[]): Row | undefined {
  let newest: Row | undefined;
  for (const row of rows) if (newest === undefined || row.observedAt >= newest.observedAt) newest = row;
  return newest;
}
