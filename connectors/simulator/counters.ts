import {
  DISK_COUNTERS,
  type DiskRow,
  INSTANCE_COUNTERS,
  NIC_COUNTERS,
  type NicRow,
  type Row,
} from '../../avro/snapshot.ts';
import type { Guest } from './guest.ts';
import type { Life } from './life.ts';
import { busyAt, consumedBy, type Load } from './load.ts';

type InstanceCounter = (typeof INSTANCE_COUNTERS)[number];
type DiskCounter = (typeof DISK_COUNTERS)[number];
type NicCounter = (typeof NIC_COUNTERS)[number];

/** What a series consumes a second at full load. */
const INSTANCE_PEAKS = (vcpus: bigint): Readonly<Record<InstanceCounter, bigint>> => ({
  // Never quite all of its vCPUs.
  cpuTime: vcpus * 970_000_000n,
  cpuReady: vcpus * 20_000_000n,
  memorySwapIn: 40_960n,
  memorySwapOut: 81_920n,
});
const DISK_PEAKS: Readonly<Record<DiskCounter, bigint>> = {
  readBytes: 40_000_000n,
  readRequests: 900n,
  readTime: 300_000_000n,
  writeBytes: 25_000_000n,
  writeRequests: 600n,
  writeTime: 400_000_000n,
  flushRequests: 20n,
  flushTime: 50_000_000n,
};
/** 32 bits of bytes are full after a few minutes, never within one poll. */
const NIC_PEAKS: Readonly<Record<NicCounter, bigint>> = {
  rxBytes: 30_000_000n,
  rxPackets: 22_000n,
  rxDrops: 3n,
  rxErrors: 0n,
  txBytes: 20_000_000n,
  txPackets: 18_000n,
  txDrops: 1n,
  txErrors: 0n,
};

const MIB = 1n << 20n;
const GIB = 1n << 30n;
const GUEST_BOOT_US = 30_000_000;

/** A counter of a guest: how it grows and whether it is shown in 32 bits. */
export interface Series {
  readonly load: Load;
  readonly perSecond: bigint;
  readonly wraps: boolean;
}

/** A guest's counter by name: `cpuTime`, `vda/readBytes`, `<mac>/rxBytes`. Throws a RangeError if it has none such. */
export function seriesOf(guest: Guest, name: string): Series {
  const [field = '', device = ''] = name.split('/').reverse();
  const load = guest.loads.get(device);
  const isNic = guest.nics.includes(device);
  const own = INSTANCE_PEAKS(BigInt(guest.flavor.vcpus));
  const peaks: Readonly<Record<string, bigint>> = device === '' ? own : isNic ? NIC_PEAKS : DISK_PEAKS;
  const perSecond = peaks[field];
  if (load === undefined || perSecond === undefined) throw new RangeError(`${guest.key} has no ${name}`);
  return { load, perSecond, wraps: isNic && guest.wrap32 };
}

/** What was consumed in the part of [from, to) that falls into a life, wraps undone. */
export function consumedIn({ load, perSecond }: Series, life: Life, from: number, to: number): bigint {
  const begin = Math.max(from, life.from);
  const end = Math.min(to, life.to);
  return end > begin ? consumedBy(load, perSecond, end) - consumedBy(load, perSecond, begin) : 0n;
}

/** The counter as the host of a life shows it at a time: from 0 at the life's beginning, modulo 2^32 where it wraps. */
export function shownAt(series: Series, life: Life, at: number): bigint {
  const value = consumedIn(series, life, life.from, at);
  return series.wraps ? BigInt.asUintN(32, value) : value;
}

/** All that the host of a life reads of a guest at a time, save when. */
export function rowAt(guest: Guest, life: Life, at: number): Omit<Row, 'observedAt' | 'monotonic'> {
  const shown = <Name extends string>(names: readonly Name[], device: string) =>
    Object.fromEntries(
      names.map((name) => [name, shownAt(seriesOf(guest, device === '' ? name : `${device}/${name}`), life, at)]),
    ) as Record<Name, bigint>;
  return {
    ...shown(INSTANCE_COUNTERS, ''),
    ...memoryAt(guest, at),
    vcpus: BigInt(guest.flavor.vcpus),
    interval: null,
    disks: guest.disks.map((disk): DiskRow => ({ ...shown(DISK_COUNTERS, disk), ...spaceOf(guest) })),
    nics: guest.nics.map((nic): NicRow => shown(NIC_COUNTERS, nic)),
    extras: [],
  };
}

function memoryAt({ flavor, loads, biography }: Guest, at: number) {
  const memory = BigInt(flavor.memory) * MIB;
  const memoryAvailable = (memory * 97n) / 100n;
  const load = loads.get('');
  const booting = biography.guestReboots.some((reboot) => reboot <= at && at < reboot + GUEST_BOOT_US);
  const busy = load && !booting ? BigInt(busyAt(load, at)) : 0n;
  return {
    memory,
    memoryAvailable,
    memoryUsage: (memoryAvailable * (200n + busy / 2n)) / 1000n,
    memoryResident: (memory * 8n) / 10n,
  };
}

function spaceOf({ flavor }: Guest) {
  const capacity = BigInt(flavor.disk) * GIB;
  return { capacity, allocation: capacity / 2n, usage: (capacity * 45n) / 100n };
}
