import type { Domain, Vm } from './life.ts';
import { consumedBy, type Load, levelAt } from './load.ts';
import type { Source } from './rrd.ts';

/** A data source and how it is sampled. Times in microseconds since the world began. */
export interface Sampled extends Source {
  /** Of a domain that runs at `at`; `before` is when it was sampled last, or began. */
  sample(domain: Domain, at: number, before: number): number;
}

const UNBOUND = { min: 0, max: Number.POSITIVE_INFINITY } as const;
const FRACTION = { min: 0, max: 1, float: true } as const;

/** What `name` has counted since the domain began, or since it was reset. */
function counted(name: string, of: Load, domain: Domain, at: number): number {
  let since = domain.from;
  for (const reset of domain.resets) if (reset.at <= at && name.startsWith(reset.counters)) since = reset.at;
  return consumedBy(of, at) - consumedBy(of, since);
}

const derive = (name: string, of: Load): Sampled => ({
  name,
  type: 'DERIVE',
  ...UNBOUND,
  sample: (domain, at) => counted(name, of, domain, at),
});

/** Requests since the last sample. */
const absolute = (name: string, ...loads: readonly Load[]): Sampled => ({
  name,
  type: 'ABSOLUTE',
  ...UNBOUND,
  sample: (domain, at, before) =>
    loads.reduce((sum, of) => sum + consumedBy(of, at) - consumedBy(of, Math.max(before, domain.from)), 0),
});

const gauge = (name: string, sample: (at: number) => number): Sampled => ({
  name,
  type: 'GAUGE',
  ...UNBOUND,
  sample: (_, at) => sample(at),
});

const cpu = (name: string, loads: readonly Load[], of: number): Sampled => ({
  name,
  type: 'DERIVE',
  ...FRACTION,
  sample: (domain, at) => loads.reduce((sum, each) => sum + counted(name, each, domain, at), 0) / (1e9 * of),
});

/** The data sources of a VM that are on by default, as of xapi 26.10. */
export function sourcesOf(vm: Vm): readonly Sampled[] {
  const { cpus, freeKib, memoryBytes } = vm;
  return [
    ...cpus.map((each, i) => cpu(`cpu${i}`, [each], 1)),
    cpu('cpu_usage', cpus, cpus.length),
    gauge('memory', () => memoryBytes),
    gauge('memory_target', () => memoryBytes),
    ...(freeKib ? [gauge('memory_internal_free', (at) => levelAt(freeKib, at))] : []),
    ...vm.nics.flatMap(({ device, rx, tx }) => [derive(`vif_${device}_rx`, rx), derive(`vif_${device}_tx`, tx)]),
    ...vm.disks.flatMap(({ device, read, write, readRequests, writeRequests }) => [
      derive(`vbd_${device}_read`, read),
      derive(`vbd_${device}_write`, write),
      absolute(`vbd_${device}_iops_read`, readRequests),
      absolute(`vbd_${device}_iops_write`, writeRequests),
      absolute(`vbd_${device}_iops_total`, readRequests, writeRequests),
      gauge(`vbd_${device}_read_latency`, () => 180),
      gauge(`vbd_${device}_write_latency`, () => 420),
      gauge(`vbd_${device}_inflight`, () => 0),
    ]),
  ];
}

/** The load behind a data source that counts: nanoseconds for `cpu<n>`, bytes, requests. Undefined: it counts nothing. */
export function loadOf(vm: Vm, counter: string): Load | undefined {
  const [, nic, way] = /^vif_(\d+)_(rx|tx)$/.exec(counter) ?? [];
  if (nic) return vm.nics.find(({ device }) => device === Number(nic))?.[way as 'rx' | 'tx'];
  const [, device, what] = /^vbd_([a-z]+)_(read|write|iops_read|iops_write)$/.exec(counter) ?? [];
  const of = { read: 'read', write: 'write', iops_read: 'readRequests', iops_write: 'writeRequests' } as const;
  if (device) return vm.disks.find((disk) => disk.device === device)?.[of[what as keyof typeof of]];
  const [, number] = /^cpu(\d+)$/.exec(counter) ?? [];
  return number ? vm.cpus[Number(number)] : undefined;
}
