import type { DISK_COUNTERS, INSTANCE_COUNTERS, NIC_COUNTERS } from '../../avro/snapshot.ts';
import type { Load } from './load.ts';

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

/** A counter of a VM: how it grows and whether it is shown in 32 bits. */
export interface Series {
  readonly load: Load;
  readonly perSecond: bigint;
  readonly wraps: boolean;
}

/** What the series of a VM follow from. Loads are by device, '' is the VM itself. */
interface Shape {
  readonly vcpus: number;
  readonly disks: readonly string[];
  readonly nics: readonly string[];
  readonly wrap32: boolean;
  readonly loads: ReadonlyMap<string, Load>;
}

/** Every counter of a VM by name: `cpuTime`, of a device with its id in front: `vda/readBytes`, `<mac>/rxBytes`. */
export function seriesOf({ vcpus, disks, nics, wrap32, loads }: Shape): ReadonlyMap<string, Series> {
  const series = new Map<string, Series>();
  const add = (device: string, peaks: Readonly<Record<string, bigint>>, wraps: boolean): void => {
    const load = loads.get(device);
    if (load === undefined) throw new RangeError(`no load for ${device}`);
    for (const [field, perSecond] of Object.entries(peaks))
      series.set(device === '' ? field : `${device}/${field}`, { load, perSecond, wraps });
  };
  add('', INSTANCE_PEAKS(BigInt(vcpus)), false);
  for (const disk of disks) add(disk, DISK_PEAKS, false);
  for (const nic of nics) add(nic, NIC_PEAKS, wrap32);
  return series;
}
