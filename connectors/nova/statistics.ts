import {
  type Device,
  type DiskIdentity,
  type DiskRow,
  EMPTY_DISK_ROW,
  EMPTY_NIC_IDENTITY,
  EMPTY_NIC_ROW,
  EMPTY_ROW,
  type Extra,
  type NicIdentity,
  type NicRow,
  type Row,
} from '../../avro/snapshot.ts';

/** What nova counted of a volume since that was first attached anywhere. Times in microseconds. */
export interface VolumeUse {
  /** Of the instance that has it, 16 bytes. */
  readonly uuid: Buffer;
  readonly volume: string;
  readonly at: number;
  readonly projectId: string | null;
  readonly userId: string | null;
  readonly availabilityZone: string | null;
  readonly readBytes: bigint | null;
  readonly readRequests: bigint | null;
  readonly writeBytes: bigint | null;
  readonly writeRequests: bigint | null;
}

/** Bytes that went over an instance's nics of one network in a completed audit period. */
export interface Bandwidth {
  readonly network: string;
  readonly from: number;
  readonly to: number;
  /** Towards the guest. */
  readonly rxBytes: bigint | null;
  readonly txBytes: bigint | null;
}

/** CPU times of a hypervisor's host since that booted, ns. */
export interface HostCpu {
  readonly host: string;
  readonly node: string;
  readonly at: number;
  readonly user: bigint | null;
  readonly kernel: bigint | null;
  readonly iowait: bigint | null;
  readonly idle: bigint | null;
  /** MHz, a gauge. */
  readonly frequency: bigint | null;
}

/** Rows and the devices that they are about, as an Instance has them. */
export interface Measured {
  readonly disks: readonly Device[];
  readonly nics: readonly Device[];
  readonly rows: readonly Row[];
  readonly diskIdentities: readonly DiskIdentity[];
  readonly nicIdentities: readonly NicIdentity[];
}

/**
 * Volumes as disks with cumulative counters: nova adds up over restarts and attachments (vol_usage_update in
 * nova/db/main/api.py), so that they go on where they were. Bandwidth as nics with amounts over the audit period.
 */
export function measuredBy(volumes: readonly VolumeUse[], bandwidth: readonly Bandwidth[]): Measured {
  const disks = devicesOf(volumes.map(({ volume }) => volume));
  const nics = devicesOf(bandwidth.map(({ network }) => network));
  const blank = { disks: disks.map(() => EMPTY_DISK_ROW), nics: nics.map(() => EMPTY_NIC_ROW) };
  const rowsOfVolumes = [...groups(volumes, ({ at }) => `${at}`)].map(([first, ...others]) => ({
    ...EMPTY_ROW,
    ...blank,
    observedAt: first.at,
    disks: disks.map(({ id }) => diskRow([first, ...others].findLast(({ volume }) => volume === id))),
  }));
  const rowsOfBandwidth = [...groups(bandwidth, ({ from, to }) => `${from} ${to}`)].map(([first, ...others]) => ({
    ...EMPTY_ROW,
    ...blank,
    observedAt: first.to,
    interval: first.to - first.from,
    nics: nics.map(({ id }) => nicRow([first, ...others].findLast(({ network }) => network === id))),
  }));
  return {
    disks,
    nics,
    rows: [...rowsOfVolumes, ...rowsOfBandwidth].sort((a, b) => a.observedAt - b.observedAt),
    diskIdentities: disks.map(({ id }) => ({ id, path: null, serial: id, bus: null })),
    nicIdentities: nics.map(({ id }) => ({ id, ...EMPTY_NIC_IDENTITY, name: id, network: id })),
  };
}

const devicesOf = (ids: readonly string[]): readonly Device[] => [...new Set(ids)].map((id) => ({ id, epoch: null }));

function groups<T>(all: readonly T[], keyOf: (one: T) => string): Iterable<readonly [T, ...T[]]> {
  const found = new Map<string, [T, ...T[]]>();
  for (const one of all) {
    const group = found.get(keyOf(one));
    if (group) group.push(one);
    else found.set(keyOf(one), [one]);
  }
  return found.values();
}

function diskRow(use: VolumeUse | undefined): DiskRow {
  if (use === undefined) return EMPTY_DISK_ROW;
  const { readBytes, readRequests, writeBytes, writeRequests } = use;
  return { ...EMPTY_DISK_ROW, readBytes, readRequests, writeBytes, writeRequests };
}

const nicRow = (used: Bandwidth | undefined): NicRow =>
  used === undefined ? EMPTY_NIC_ROW : { ...EMPTY_NIC_ROW, rxBytes: used.rxBytes, txBytes: used.txBytes };

/** Of a host; what it used is all that was not idle, as in nova's own percentage. */
export function hostRow({ at, user, kernel, iowait, idle, frequency }: HostCpu): Row {
  const extra = (name: string, counter: boolean, value: bigint | null): readonly Extra[] =>
    value === null ? [] : [{ name: `compute.node.cpu.${name}`, device: null, counter, value }];
  return {
    ...EMPTY_ROW,
    observedAt: at,
    cpuTime: user === null || kernel === null || iowait === null ? null : user + kernel + iowait,
    extras: [
      ...extra('user.time', true, user),
      ...extra('kernel.time', true, kernel),
      ...extra('iowait.time', true, iowait),
      ...extra('idle.time', true, idle),
      ...extra('frequency', false, frequency),
    ],
  };
}
