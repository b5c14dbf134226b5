/**
 * The contract in TypeScript: the shape of `snapshot.avsc`, field for field.
 * Times are integer microseconds since 1970-01-01 UTC (exact as a number until the year 2255).
 * Counters and gauges are unsigned 64-bit integers as bigint; null where the hypervisor gave none.
 */

/** Power states in the order of Ceilometer's `power.state` (0 nostate … 7 pmsuspended). */
export const STATES = [
  'NOSTATE',
  'RUNNING',
  'BLOCKED',
  'PAUSED',
  'SHUTDOWN',
  'SHUTOFF',
  'CRASHED',
  'SUSPENDED',
] as const;
export type State = (typeof STATES)[number];

/** The counters and gauges of a row's instance part, in the order of the schema. */
export const INSTANCE_COUNTERS = ['cpuTime', 'cpuReady', 'memorySwapIn', 'memorySwapOut'] as const;
export const INSTANCE_GAUGES = ['vcpus', 'memory', 'memoryAvailable', 'memoryUsage', 'memoryResident'] as const;
export const DISK_COUNTERS = [
  'readBytes',
  'readRequests',
  'readTime',
  'writeBytes',
  'writeRequests',
  'writeTime',
  'flushRequests',
  'flushTime',
] as const;
export const DISK_GAUGES = ['capacity', 'allocation', 'usage'] as const;
export const NIC_COUNTERS = [
  'rxBytes',
  'rxPackets',
  'rxDrops',
  'rxErrors',
  'txBytes',
  'txPackets',
  'txDrops',
  'txErrors',
] as const;

/**
 * What hosts alone have, by the names of the extras that carry it: CPU time by mode since boot in ns over all CPUs (user
 * with nice, kernel with interrupts), and gauges: bytes, instances.
 */
export const HOST_COUNTERS = [
  'compute.node.cpu.kernel.time',
  'compute.node.cpu.idle.time',
  'compute.node.cpu.user.time',
  'compute.node.cpu.iowait.time',
] as const;
export const HOST_GAUGES = [
  'compute.node.memory.free',
  'compute.node.instances',
  'compute.node.instances.running',
] as const;
export type HostExtra = (typeof HOST_COUNTERS)[number] | (typeof HOST_GAUGES)[number];

type Statistics<Name extends string> = {
  readonly [name in Name]: bigint | null;
};

/** Who was asked and who asked. `generation` is the fencing token of (hypervisor, collector). */
export interface Source {
  readonly kind: string;
  readonly hypervisor: string;
  readonly collector: string;
  readonly generation: number;
  readonly bootedAt: number | null;
}

/** The poll as a whole; `partial` says why it is not complete, null that it is. */
export interface PollInfo {
  readonly sequence: number;
  readonly scheduledAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly interval: number;
  readonly instances: number;
  readonly slice: number;
  readonly slices: number;
  readonly partial: string | null;
}

/** A disk (`vda`) or nic (MAC address) by its stable id; `epoch` names this attachment where the source tells it. */
export interface Device {
  readonly id: string;
  readonly epoch: string | null;
}

export type DiskRow = Statistics<(typeof DISK_COUNTERS)[number] | (typeof DISK_GAUGES)[number]>;
export type NicRow = Statistics<(typeof NIC_COUNTERS)[number]>;

/** A statistic without a field of its own, by meter name. */
export interface Extra {
  readonly name: string;
  readonly device: string | null;
  readonly counter: boolean;
  readonly value: bigint;
}

/** One read. `interval` null: cumulative values at `observedAt`; else amounts over (observedAt - interval, observedAt]. */
export interface Row extends Statistics<(typeof INSTANCE_COUNTERS)[number] | (typeof INSTANCE_GAUGES)[number]> {
  readonly observedAt: number;
  readonly interval: number | null;
  readonly monotonic: number | null;
  readonly disks: readonly DiskRow[];
  readonly nics: readonly NicRow[];
  readonly extras: readonly Extra[];
}

export interface Flavor {
  readonly id: string | null;
  readonly name: string | null;
  readonly vcpus: number | null;
  /** MiB */
  readonly memory: number | null;
  /** GiB, root and ephemeral */
  readonly disk: number | null;
  /** GiB */
  readonly ephemeral: number | null;
  /** MiB */
  readonly swap: number | null;
  readonly extraSpecs: Readonly<Record<string, string>>;
}

export interface DiskIdentity {
  readonly id: string;
  readonly path: string | null;
  readonly serial: string | null;
  readonly bus: string | null;
}

export interface NicIdentity {
  readonly id: string;
  readonly name: string | null;
  readonly mac: string | null;
  readonly bridge: string | null;
  readonly portId: string | null;
  readonly network: string | null;
  readonly filter: string | null;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What an instance is, as far as its hypervisor (or nova) tells. */
export interface Identity {
  readonly name: string | null;
  readonly instanceName: string | null;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly userId: string | null;
  readonly userName: string | null;
  readonly host: string | null;
  readonly availabilityZone: string | null;
  readonly imageId: string | null;
  readonly imageName: string | null;
  readonly osType: string | null;
  readonly architecture: string | null;
  readonly createdAt: number | null;
  readonly launchedAt: number | null;
  readonly flavor: Flavor | null;
  readonly disks: readonly DiskIdentity[];
  readonly nics: readonly NicIdentity[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the image it was made of, under glance's names. */
  readonly imageMetadata: Readonly<Record<string, string>>;
}

/** One instance in one poll. `disks` and `nics` name what the rows' arrays of the same name hold, in their order. */
export interface Instance {
  /** 16 bytes */
  readonly uuid: Buffer;
  readonly epoch: string | null;
  readonly startedAt: number | null;
  readonly deletedAt: number | null;
  readonly state: State;
  readonly disks: readonly Device[];
  readonly nics: readonly Device[];
  readonly rows: readonly Row[];
  readonly identity: Identity | null;
}

/** The slice of one poll that belongs to one partition: the unit of the raw topic. */
export interface Snapshot {
  readonly source: Source;
  readonly poll: PollInfo;
  readonly hosts: readonly Instance[];
  readonly instances: readonly Instance[];
}

export const EMPTY_IDENTITY: Identity = {
  name: null,
  instanceName: null,
  projectId: null,
  projectName: null,
  userId: null,
  userName: null,
  host: null,
  availabilityZone: null,
  imageId: null,
  imageName: null,
  osType: null,
  architecture: null,
  createdAt: null,
  launchedAt: null,
  flavor: null,
  disks: [],
  nics: [],
  metadata: {},
  imageMetadata: {},
};

/** Of a nic of which nothing is known but its id. */
export const EMPTY_NIC_IDENTITY: Omit<NicIdentity, 'id'> = {
  name: null,
  mac: null,
  bridge: null,
  portId: null,
  network: null,
  filter: null,
  parameters: {},
};

const nulls = <Name extends string>(names: readonly Name[]): Statistics<Name> =>
  Object.fromEntries(names.map((name) => [name, null])) as Statistics<Name>;

/** Rows in which nothing was read: spread them and set what was. */
export const EMPTY_DISK_ROW: DiskRow = nulls([...DISK_COUNTERS, ...DISK_GAUGES]);
export const EMPTY_NIC_ROW: NicRow = nulls(NIC_COUNTERS);
export const EMPTY_ROW: Omit<Row, 'observedAt'> = {
  ...nulls([...INSTANCE_COUNTERS, ...INSTANCE_GAUGES]),
  interval: null,
  monotonic: null,
  disks: [],
  nics: [],
  extras: [],
};
