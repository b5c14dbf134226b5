import { BLOCK_FIELDS, DISK, INSTANCE, NIC, NODE } from '../../avro/batch.ts';
import { patternMatcher } from './pattern.ts';
import type { MeterType } from './sample.ts';

/** What a meter is made of. `cumulative`, `delta` and `rate` come from counters, `last` from gauges. */
export type Derivation = 'cumulative' | 'delta' | 'rate' | 'utilisation' | 'last';

/** In place of an instance's NODE, which only hosts have: what is known of it whenever it is listed, running or not. */
export const STATUS = NODE;
/** A block of a host is of the kind that one of an instance has, and so much more. */
export const HOST = 4;
/** The statistics of each kind, in the order of the batch's columns; those of STATUS as `derive` makes them. */
export const STATISTICS: readonly (readonly string[])[] = [
  ...BLOCK_FIELDS.slice(0, STATUS),
  ['state', 'flavor.disk', 'flavor.ephemeral'],
  ...BLOCK_FIELDS,
];
/** What a sample of each kind is of. */
export const RESOURCES = ['instance', 'disk', 'nic', 'instance', 'host', 'host disk', 'host nic', 'host'] as const;

/** The kind of the block that a meter of this kind is made of: INSTANCE, DISK, NIC or, of a host, NODE. That of STATUS is none. */
export const blockKind = (kind: number): number => (kind < HOST ? kind : kind - HOST);

/** A definition: what comes out under which name (Ceilometer's names, types, units). */
export interface Meter {
  readonly name: string;
  readonly type: MeterType;
  readonly unit: string;
  /** Kind (INSTANCE, DISK, NIC, STATUS, those of a HOST) and statistic that it is made of. */
  readonly kind: number;
  readonly field: number;
  readonly derivation: Derivation;
  /** The statistic is divided by this (bytes to MiB). */
  readonly divisor: number;
  /** Ceilometer's releases that have it: since one, or from one to another; null: none, the name follows its rules. */
  readonly ceilometer: string | null;
  readonly description: string;
}

/** The releases of Ceilometer that have a counter's meters; what is not named none has. */
interface Releases {
  readonly cumulative?: string | null;
  readonly delta?: string;
  readonly rate?: string;
}

const MIB = 1024 * 1024;

function fieldOf(kind: number, statistic: string): number {
  const field = STATISTICS[kind]?.indexOf(statistic) ?? -1;
  if (field < 0) throw new Error(`no statistic ${statistic} in block kind ${kind}`);
  return field;
}

/** A counter as Ceilometer's cumulative meter, its `.delta` and, for what has one, its `.rate`. */
function counter(
  kind: number,
  statistic: string,
  name: string,
  unit: string,
  { cumulative = '2013.1', delta, rate }: Releases,
  description: string,
  divisor = 1,
): readonly Meter[] {
  const base = { kind, field: fieldOf(kind, statistic), divisor };
  return [
    { ...base, name, type: 'cumulative', unit, derivation: 'cumulative', ceilometer: cumulative, description },
    {
      ...base,
      name: `${name}.delta`,
      type: 'delta',
      unit,
      derivation: 'delta',
      ceilometer: delta ?? null,
      description: `${description}, in the window`,
    },
    {
      ...base,
      name: `${name}.rate`,
      type: 'gauge',
      unit: `${unit}/s`,
      derivation: 'rate',
      ceilometer: rate ?? null,
      description: `${description}, a second`,
    },
  ];
}

const gauge = (
  kind: number,
  statistic: string,
  name: string,
  unit: string,
  ceilometer: string | null,
  description: string,
  divisor = 1,
): Meter => ({
  kind,
  field: fieldOf(kind, statistic),
  divisor,
  name,
  type: 'gauge',
  unit,
  derivation: 'last',
  ceilometer,
  description,
});

/** Time a second is no figure that anybody reads; the cpu's is cpu_util. */
const withoutRate = (meters: readonly Meter[]): readonly Meter[] =>
  meters.filter(({ derivation }) => derivation !== 'rate');

/** Ceilometer's transformers made rates until release 11; of the bytes of nics some hypervisors gave them until 23. */
const DISK_IO: Releases = { cumulative: '2014.2', rate: '2014.2 to 11' };
const LATENCY: Releases = { cumulative: '10' };
const SWAP: Releases = { cumulative: '9' };
const NIC_BYTES: Releases = { delta: '16', rate: '2013.2 to 23' };
const NIC_PACKETS: Releases = { rate: '2013.2 to 11' };
const NIC_FAULTS: Releases = { cumulative: '8' };

/** Of hosts Ceilometer has nova's CPU times and percentages only. */
const NOT_CEILOMETERS: Releases = { cumulative: null };

/** A counter of a host's disk or nic under the name that an instance's has, after `compute.node.`. */
const hostCounter = (kind: number, statistic: string, name: string, unit: string, description: string) =>
  counter(HOST + kind, statistic, `compute.node.${name}`, unit, NOT_CEILOMETERS, description);

const share = (kind: number, statistic: string, name: string, description: string): Meter => ({
  kind,
  field: fieldOf(kind, statistic),
  divisor: 1e9 / 100,
  name,
  type: 'gauge',
  unit: 'percent',
  derivation: 'utilisation',
  ceilometer: '2014.2',
  description,
});

/** A mode of a host's CPUs: what nova's monitor tells, where it is switched on, as time and as a share of all CPUs. */
function cpuMode(mode: 'user' | 'kernel' | 'idle' | 'iowait', description: string): readonly Meter[] {
  const name = `compute.node.cpu.${mode}`;
  const kind = HOST + NODE;
  return [
    ...withoutRate(counter(kind, `${name}.time`, `${name}.time`, 'ns', { cumulative: '2014.2' }, description)),
    share(kind, `${name}.time`, `${name}.percent`, `${description}, of what the CPUs could give`),
  ];
}

/** Every meter there is, in the order of docs/meters.md. */
export const METERS: readonly Meter[] = [
  gauge(
    STATUS,
    'state',
    'power.state',
    '',
    '24',
    'Power state: 0 none, 1 running, 2 blocked, 3 paused, 4 shutdown, 5 shutoff, 6 crashed, 7 suspended',
  ),
  gauge(
    STATUS,
    'flavor.disk',
    'disk.root.size',
    'GiB',
    '2013.1',
    'Root disk of the flavor: its disk without the ephemeral ones',
  ),
  gauge(STATUS, 'flavor.ephemeral', 'disk.ephemeral.size', 'GiB', '2013.1', 'Ephemeral disks of the flavor'),
  ...withoutRate(counter(INSTANCE, 'cpuTime', 'cpu', 'ns', { delta: '5 to 11' }, 'CPU time used')),
  {
    name: 'cpu_util',
    type: 'gauge',
    unit: '%',
    kind: INSTANCE,
    field: fieldOf(INSTANCE, 'cpuTime'),
    derivation: 'utilisation',
    divisor: 1e9 / 100,
    ceilometer: '2013.1 to 23',
    description: 'CPU time used in the observed part of the window, of what the vCPUs could use',
  },
  gauge(INSTANCE, 'vcpus', 'vcpus', 'vcpu', '2013.1', 'Virtual CPUs'),
  gauge(INSTANCE, 'memory', 'memory', 'MiB', '2013.1', 'Memory given to the instance', MIB),
  gauge(INSTANCE, 'memoryAvailable', 'memory.available', 'MiB', '25', 'Memory that the guest sees', MIB),
  gauge(INSTANCE, 'memoryUsage', 'memory.usage', 'MiB', '2014.1', 'Memory used inside the guest', MIB),
  gauge(INSTANCE, 'memoryResident', 'memory.resident', 'MiB', '2015.1', "Host's memory taken by the instance", MIB),
  ...counter(INSTANCE, 'memorySwapIn', 'memory.swap.in', 'MiB', SWAP, 'Memory swapped in by the guest', MIB),
  ...counter(INSTANCE, 'memorySwapOut', 'memory.swap.out', 'MiB', SWAP, 'Memory swapped out by the guest', MIB),
  ...counter(DISK, 'readBytes', 'disk.device.read.bytes', 'B', DISK_IO, 'Bytes read'),
  ...counter(DISK, 'readRequests', 'disk.device.read.requests', 'request', DISK_IO, 'Read requests'),
  ...withoutRate(counter(DISK, 'readTime', 'disk.device.read.latency', 'ns', LATENCY, 'Time spent on reads')),
  ...counter(DISK, 'writeBytes', 'disk.device.write.bytes', 'B', DISK_IO, 'Bytes written'),
  ...counter(DISK, 'writeRequests', 'disk.device.write.requests', 'request', DISK_IO, 'Write requests'),
  ...withoutRate(counter(DISK, 'writeTime', 'disk.device.write.latency', 'ns', LATENCY, 'Time spent on writes')),
  gauge(DISK, 'capacity', 'disk.device.capacity', 'B', '2015.1', 'Size that the guest sees'),
  gauge(DISK, 'allocation', 'disk.device.allocation', 'B', '2015.1', 'Highest offset written'),
  gauge(DISK, 'usage', 'disk.device.usage', 'B', '2015.1', 'Taken from the storage'),
  ...counter(NIC, 'rxBytes', 'network.incoming.bytes', 'B', NIC_BYTES, 'Bytes received by the guest'),
  ...counter(NIC, 'rxPackets', 'network.incoming.packets', 'packet', NIC_PACKETS, 'Packets received by the guest'),
  ...counter(
    NIC,
    'rxDrops',
    'network.incoming.packets.drop',
    'packet',
    NIC_FAULTS,
    'Packets dropped on the way to the guest',
  ),
  ...counter(NIC, 'rxErrors', 'network.incoming.packets.error', 'packet', NIC_FAULTS, 'Receive errors'),
  ...counter(NIC, 'txBytes', 'network.outgoing.bytes', 'B', NIC_BYTES, 'Bytes sent by the guest'),
  ...counter(NIC, 'txPackets', 'network.outgoing.packets', 'packet', NIC_PACKETS, 'Packets sent by the guest'),
  ...counter(
    NIC,
    'txDrops',
    'network.outgoing.packets.drop',
    'packet',
    NIC_FAULTS,
    'Packets dropped on the way from the guest',
  ),
  ...counter(NIC, 'txErrors', 'network.outgoing.packets.error', 'packet', NIC_FAULTS, 'Send errors'),
  ...withoutRate(counter(HOST + INSTANCE, 'cpuTime', 'compute.node.cpu.time', 'ns', NOT_CEILOMETERS, 'CPU time used')),
  share(
    HOST + INSTANCE,
    'cpuTime',
    'compute.node.cpu.percent',
    'CPU time used in the observed part of the window, of what the CPUs could give',
  ),
  ...cpuMode('user', 'CPU time of processes, guests among them'),
  ...cpuMode('kernel', 'CPU time of the kernel and of interrupts'),
  ...cpuMode('idle', 'Time that CPUs had nothing to do'),
  ...cpuMode('iowait', 'Time that CPUs had nothing to do but wait for a disk'),
  gauge(HOST + INSTANCE, 'memory', 'compute.node.memory', 'MiB', null, 'Memory of the host', MIB),
  gauge(HOST + INSTANCE, 'memoryUsage', 'compute.node.memory.usage', 'MiB', null, 'Memory that is taken', MIB),
  gauge(
    HOST + NODE,
    'compute.node.memory.free',
    'compute.node.memory.free',
    'MiB',
    null,
    'Memory that nothing is in, not even a cache',
    MIB,
  ),
  gauge(
    HOST + NODE,
    'compute.node.instances',
    'compute.node.instances',
    'instance',
    null,
    'VMs that the host has, running or not',
  ),
  gauge(
    HOST + NODE,
    'compute.node.instances.running',
    'compute.node.instances.running',
    'instance',
    null,
    'VMs of them that run: power state 1 or 2',
  ),
  ...hostCounter(DISK, 'readBytes', 'disk.read.bytes', 'B', 'Bytes read'),
  ...hostCounter(DISK, 'readRequests', 'disk.read.requests', 'request', 'Read requests'),
  ...hostCounter(DISK, 'writeBytes', 'disk.write.bytes', 'B', 'Bytes written'),
  ...hostCounter(DISK, 'writeRequests', 'disk.write.requests', 'request', 'Write requests'),
  ...hostCounter(NIC, 'rxBytes', 'network.incoming.bytes', 'B', 'Bytes received by the host'),
  ...hostCounter(NIC, 'rxPackets', 'network.incoming.packets', 'packet', 'Packets received by the host'),
  ...hostCounter(NIC, 'rxDrops', 'network.incoming.packets.drop', 'packet', 'Packets dropped on the way in'),
  ...hostCounter(NIC, 'rxErrors', 'network.incoming.packets.error', 'packet', 'Receive errors'),
  ...hostCounter(NIC, 'txBytes', 'network.outgoing.bytes', 'B', 'Bytes sent by the host'),
  ...hostCounter(NIC, 'txPackets', 'network.outgoing.packets', 'packet', 'Packets sent by the host'),
  ...hostCounter(NIC, 'txDrops', 'network.outgoing.packets.drop', 'packet', 'Packets dropped on the way out'),
  ...hostCounter(NIC, 'txErrors', 'network.outgoing.packets.error', 'packet', 'Send errors'),
];

/** The meters of a selection, by kind and field: `selected[kind][field]`. */
export type Selection = readonly (readonly (readonly Meter[])[])[];

/** Selects meters by Ceilometer's grammar, see `matches`. */
export function select(patterns: readonly string[]): Selection {
  const isSelected = matches(patterns);
  return STATISTICS.map((statistics, kind) =>
    statistics.map((_, field) =>
      METERS.filter((meter) => meter.kind === kind && meter.field === field && isSelected(meter.name)),
    ),
  );
}

/**
 * Tells of a name whether patterns in Ceilometer's grammar (of pipeline.yaml) take it: wildcards as `patternMatcher` has
 * them, `!` excludes; first the exclusions, then the inclusions; only exclusions allow the rest.
 */
export function matches(patterns: readonly string[]): (name: string) => boolean {
  const excluded = patterns
    .filter((pattern) => pattern.startsWith('!'))
    .map((pattern) => patternMatcher(pattern.slice(1)));
  const included = patterns.filter((pattern) => !pattern.startsWith('!')).map(patternMatcher);
  return (name) =>
    !excluded.some((isLike) => isLike(name)) && (included.length === 0 || included.some((isLike) => isLike(name)));
}
