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
import { busyAt, consumedBy } from './load.ts';
import type { Series } from './series.ts';

const MIB = 1n << 20n;
const GIB = 1n << 30n;
const GUEST_BOOT_US = 30_000_000;

/** A counter of a guest by name. Throws a RangeError if it has none such. */
export function counterOf(guest: Guest, name: string): Series {
  const series = guest.series.get(name);
  if (series === undefined) throw new RangeError(`${guest.key} has no ${name}`);
  return series;
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
      names.map((name) => [name, shownAt(counterOf(guest, device === '' ? name : `${device}/${name}`), life, at)]),
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

function memoryAt({ flavor, load, biography }: Guest, at: number) {
  const memory = BigInt(flavor.memory) * MIB;
  const memoryAvailable = (memory * 97n) / 100n;
  const booting = biography.guestReboots.some((reboot) => reboot <= at && at < reboot + GUEST_BOOT_US);
  const busy = booting ? 0n : BigInt(busyAt(load, at));
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
