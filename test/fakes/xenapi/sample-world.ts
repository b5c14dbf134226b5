import type { Disk, Nic, Vm } from './life.ts';
import { load } from './load.ts';
import { uuidOf } from './records.ts';
import { World } from './world.ts';

export interface WorldOptions {
  readonly startedAt: number;
  readonly hosts?: number;
  /** Guests of each host, which run from the beginning. */
  readonly vms?: number;
  readonly seed?: string;
  /** Microseconds that hosts' clocks are ahead, by index. */
  readonly skewsUs?: readonly number[];
}

const MIB = 2 ** 20;

/** A nic whose load is its own, by number. */
const sampleNic = (device: number, number: number): Nic => ({
  device,
  mac: `0a:00:${[number >> 16, number >> 8, number, device].map((byte) => (byte & 255).toString(16).padStart(2, '0')).join(':')}`,
  rx: load([40, 12_345 + number], [20, 1_234_567 + 7 * number]),
  tx: load([17, 54_321 + number], [43, 765_432]),
});

const sampleDisk = (device: string, number: number): Disk => ({
  device,
  bytes: 20 * 1024 * MIB,
  read: load([30, 0], [30, 4_096 * (100 + (number % 97))]),
  write: load([25, 512 * (1 + (number % 13))], [35, 65_536]),
  readRequests: load([30, 0], [30, 100 + (number % 97)]),
  writeRequests: load([25, 1 + (number % 13)], [35, 16]),
});

/** A guest with two CPUs, a nic and a disk; every third has no tools. Its loads keep to the rules of the RRD. */
export function sampleVm(seed: string, number: number, over: Partial<Vm> = {}): Vm {
  return {
    uuid: uuidOf(seed, 'vm', number),
    name: `guest-${number}`,
    kind: 'guest',
    cpus: [load([45, 120_000_000 + number], [15, 940_000_000]), load([20, 33_333_333], [40, 250_000_001 + number])],
    memoryBytes: 2048 * MIB,
    freeKib: number % 3 === 2 ? null : load([60, 900_000 + number], [60, 800_000]),
    nics: [sampleNic(0, number)],
    disks: [sampleDisk('xvda', number)],
    otherConfig: {},
    tags: [],
    ...over,
  };
}

/** A pool of some hosts with some guests each, a control domain each, and a template. */
export function sampleWorld({ startedAt, hosts = 2, vms = 2, seed = 'pool', skewsUs = [] }: WorldOptions): World {
  const world = new World(
    startedAt,
    uuidOf(seed, 'pool'),
    Array.from({ length: hosts }, (_, i) => ({
      uuid: uuidOf(seed, 'host', i),
      name: `xcp${i + 1}`,
      cpus: Array.from({ length: 4 }, (_, cpu) => load([30, 200_000_000 + cpu], [30, 700_000_000])),
      memoryKib: 64 * 1024 * 1024,
      rx: load([60, 5_000_000 + i]),
      tx: load([60, 3_000_000 + i]),
      skewUs: skewsUs[i] ?? 0,
      phaseUs: ((i * 1_370_000) % 5_000_000) + 230_000,
    })),
  );
  world.add(sampleVm(seed, -1, { uuid: uuidOf(seed, 'template'), name: 'Debian 12', kind: 'template' }));
  for (let host = 0; host < hosts; host++) {
    const dom0 = { uuid: uuidOf(seed, 'dom0', host), name: `Control domain on host: xcp${host + 1}` };
    const control = sampleVm(seed, host, { ...dom0, kind: 'control', nics: [], disks: [] });
    world.add(control);
    world.happen(control.uuid, { at: startedAt, what: 'start', host });
    for (let i = 0; i < vms; i++) {
      const vm = sampleVm(seed, host * vms + i);
      world.add(vm);
      world.happen(vm.uuid, { at: startedAt, what: 'start', host });
    }
  }
  return world;
}
