import {
  type Device,
  type DiskRow,
  EMPTY_DISK_ROW,
  EMPTY_NIC_ROW,
  type Extra,
  type Identity,
  type NicRow,
  type Row,
} from '../../avro/snapshot.ts';
import type { StatReader } from './stat-reader.ts';

/** Where a domain's CPU time comes from: the process as a whole, or its vCPUs' time and wait, as Ceilometer counts. */
export type CpuSource = 'domain' | 'vcpu';

const KIB = 1024n;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** vCPUs and their time, ns. A sum over vCPUs is null unless all of them are there. */
export function readCpu(stat: StatReader, source: CpuSource): Pick<Row, 'cpuTime' | 'cpuReady' | 'vcpus'> {
  const vcpus = stat.get('vcpu.current');
  // vCPU numbers have gaps after hot-unplug.
  const present = stat.numbers('vcpu', 'time');
  const complete = vcpus !== null && BigInt(present.length) === vcpus;
  const sum = (fields: readonly string[]): bigint | null =>
    complete ? total(present.flatMap((n) => fields.map((field) => stat.get(`vcpu.${n}.${field}`)))) : null;
  return {
    vcpus,
    cpuTime: source === 'domain' ? stat.get('cpu.time') : sum(['time', 'wait']),
    cpuReady: sum(['delay']),
  };
}

/** The sum, or null if a part is missing or there is none. */
const total = (parts: readonly (bigint | null)[]): bigint | null =>
  parts.length === 0
    ? null
    : fits(parts.reduce((sum, part) => (sum === null || part === null ? null : sum + part), 0n));

/** The contract has 64 bits; what is beyond them cannot be true. */
const fits = (value: bigint | null): bigint | null => (value === null || value > MAX_U64 ? null : value);

type Memory = Pick<
  Row,
  'memory' | 'memoryAvailable' | 'memoryUsage' | 'memoryResident' | 'memorySwapIn' | 'memorySwapOut'
>;

/** Memory in bytes; the guest's own view is null unless its balloon driver has spoken. */
export function readMemory(stat: StatReader): Memory {
  const bytes = (name: string): bigint | null => {
    const kib = stat.get(`balloon.${name}`);
    return kib === null ? null : fits(kib * KIB);
  };
  // 0: the guest's balloon driver has never spoken, what is there of the guest's view is not a measurement.
  const silent = stat.get('balloon.last-update') === 0n;
  const guest = (name: string): bigint | null => (silent ? null : bytes(name));
  const available = guest('available');
  const free = guest('usable') ?? guest('unused');
  const swapIn = guest('swap_in');
  const swapOut = guest('swap_out');
  return {
    memory: bytes('current'),
    memoryAvailable: available,
    memoryUsage: available !== null && free !== null && free <= available ? available - free : null,
    memoryResident: bytes('rss'),
    memorySwapIn: swapOut === null ? null : swapIn,
    memorySwapOut: swapIn === null ? null : swapOut,
  };
}

/** Disks by target, each with its row, in the order they were sent. */
export function readDisks(stat: StatReader): [Device, DiskRow][] {
  const seen = new Set<string>();
  return stat.numbers('block', 'name').flatMap((n): [Device, DiskRow][] => {
    const id = stat.text(`block.${n}.name`);
    // A later entry of the same name is a backing file of the first.
    if (id === null || seen.has(id)) return [];
    seen.add(id);
    return [[{ id, epoch: null }, readDisk((field) => stat.get(`block.${n}.${field}`))]];
  });
}

function readDisk(get: (field: string) => bigint | null): DiskRow {
  const capacity = get('capacity');
  const physical = get('physical');
  return {
    ...EMPTY_DISK_ROW,
    readBytes: get('rd.bytes'),
    readRequests: get('rd.reqs'),
    readTime: get('rd.times'),
    writeBytes: get('wr.bytes'),
    writeRequests: get('wr.reqs'),
    writeTime: get('wr.times'),
    flushRequests: get('fl.reqs'),
    flushTime: get('fl.times'),
    capacity: capacity === null || (physical !== null && physical > capacity) ? physical : capacity,
    allocation: get('allocation'),
    usage: physical,
  };
}

/** Nics by MAC: found by the host's interface name, which is unique at a time; numbers shift on hot-unplug. */
export function readNics(stat: StatReader, identity: Identity): [Device, NicRow][] {
  const ids = new Map(identity.nics.map(({ name, id }) => [name, id]));
  return stat.numbers('net', 'name').flatMap((n): [Device, NicRow][] => {
    const name = stat.text(`net.${n}.name`);
    const id = ids.get(name);
    ids.delete(name);
    return id === undefined ? [] : [[{ id, epoch: null }, readNic((field) => stat.get(`net.${n}.${field}`))]];
  });
}

/** libvirt has swapped the tap's view already: rx is towards the guest. */
const readNic = (get: (field: string) => bigint | null): NicRow => ({
  ...EMPTY_NIC_ROW,
  rxBytes: get('rx.bytes'),
  rxPackets: get('rx.pkts'),
  rxDrops: get('rx.drop'),
  rxErrors: get('rx.errs'),
  txBytes: get('tx.bytes'),
  txPackets: get('tx.pkts'),
  txDrops: get('tx.drop'),
  txErrors: get('tx.errs'),
});

/** Cache occupancy and memory bandwidth are amounts, all other perf events count. */
const PERF_GAUGES = ['perf.cmt', 'perf.mbmt', 'perf.mbml'];

/** `perf.cache_misses` is Ceilometer's `perf.cache.misses`; `perf.cpu_cycles` its `perf.cpu.cycles`. */
export const readPerf = (stat: StatReader): Extra[] =>
  stat.names('perf.').flatMap((name): Extra[] => {
    const value = stat.get(name);
    const counter = !PERF_GAUGES.includes(name);
    return value === null ? [] : [{ name: name.replaceAll('_', '.'), device: null, counter, value }];
  });
