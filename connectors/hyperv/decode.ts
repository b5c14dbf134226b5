import {
  type Device,
  type DiskRow,
  EMPTY_DISK_ROW,
  EMPTY_IDENTITY,
  EMPTY_NIC_IDENTITY,
  EMPTY_NIC_ROW,
  EMPTY_ROW,
  type Identity,
  type Instance,
  type NicRow,
  type Row,
} from '../../avro/snapshot.ts';
import { guidOf } from '../wmi-names.ts';
import { isOn, type Vm, type VmDisk, type VmNic } from './inventory.ts';
import type { VmRows } from './join.ts';
import type { Life } from './lives.ts';
import type { WmiRow } from './protocol.ts';
import type { Numbers } from './values.ts';

/** Perf counters of time are in 100 ns. */
const TICK_NS = 100n;
const MIB = 1024n * 1024n;
const PAGE_BYTES = 4096n;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;

export interface DecodeContext {
  readonly host: string | null;
  /** By the host's clock, microseconds. */
  readonly observedAt: number;
  readonly life: Life | null;
  /** True: this many vCPUs are all that it has. */
  readonly hasAll: (vcpus: number) => boolean;
  /** Under which uuid it goes: 16 bytes. */
  readonly uuid: Buffer;
  readonly numbers: Numbers;
}

/** A VM with one row of cumulative values, or none if it is off or `rows` has nothing of it. */
export function decodeVm(vm: Vm, rows: VmRows | undefined, context: DecodeContext): Instance {
  const { life } = context;
  const nicIds = idsOf(vm.nics);
  const isMetered = rows !== undefined && isOn(vm.state) && hasAnything(rows);
  return {
    uuid: context.uuid,
    epoch: life?.epoch ?? null,
    startedAt: life?.startedAt ?? null,
    deletedAt: null,
    state: vm.state,
    disks: vm.disks.map((disk) => diskDevice(disk, life)),
    nics: nicIds.map((id) => ({ id, epoch: null })),
    rows: isMetered ? [rowOf(vm, rows, context)] : [],
    identity: identityOf(vm, nicIds, context.host),
  };
}

const hasAnything = ({ vcpus, nics, disks, memory, pages }: VmRows): boolean =>
  vcpus.size + nics.size + disks.size > 0 || memory !== null || pages !== null;

/** Another file begins anew: its row is another one. */
const diskDevice = ({ id, key }: VmDisk, life: Life | null): Device => ({
  id,
  epoch: life === null ? null : `${life.epoch}/${key}`,
});

function rowOf(vm: Vm, rows: VmRows, context: DecodeContext): Row {
  const { numbers, observedAt } = context;
  return {
    ...EMPTY_ROW,
    observedAt,
    ...cpuOf(rows.vcpus, context),
    ...memoryOf(rows, numbers),
    disks: vm.disks.map(({ key }) => diskRow(rows.disks.get(key), numbers)),
    nics: vm.nics.map(({ port }) => nicRow(rows.nics.get(port), numbers)),
  };
}

/** The sum over all vCPUs, ns; null if one is missing, for a part is no whole. */
function cpuOf(vcpus: VmRows['vcpus'], { numbers, hasAll }: DecodeContext): Pick<Row, 'cpuTime' | 'vcpus'> {
  const times = [...vcpus.values()].map((row) => numbers.times(row, 'PercentTotalRunTime', TICK_NS));
  const isWhole = times.every((_, number) => vcpus.has(number)) && hasAll(vcpus.size);
  if (times.length === 0 || !isWhole) return { cpuTime: null, vcpus: null };
  const sum = times.reduce((total, time) => (total === null || time === null ? null : total + time), 0n);
  return { cpuTime: sum !== null && sum <= MAX_U64 ? sum : null, vcpus: BigInt(times.length) };
}

type Memory = Pick<Row, 'memory' | 'memoryAvailable' | 'memoryUsage'>;

/** Of dynamic memory in MB; else the partition's pages, which say only what was given to it. */
function memoryOf({ memory, pages }: VmRows, numbers: Numbers): Memory {
  if (memory === null) {
    const given = pages === null ? null : numbers.times(pages, 'PhysicalPagesAllocated', PAGE_BYTES);
    return { memory: given, memoryAvailable: null, memoryUsage: null };
  }
  const visible = numbers.times(memory, 'GuestVisiblePhysicalMemory', MIB);
  const free = numbers.times(memory, 'GuestAvailableMemory', MIB);
  return {
    memory: numbers.times(memory, 'PhysicalMemory', MIB),
    memoryAvailable: visible,
    memoryUsage: visible !== null && free !== null && free <= visible ? visible - free : null,
  };
}

const diskRow = (row: WmiRow | undefined, numbers: Numbers): DiskRow =>
  row === undefined
    ? EMPTY_DISK_ROW
    : {
        ...EMPTY_DISK_ROW,
        readBytes: numbers.of(row, 'ReadBytesPersec'),
        readRequests: numbers.of(row, 'ReadOperationsPerSec'),
        writeBytes: numbers.of(row, 'WriteBytesPersec'),
        writeRequests: numbers.of(row, 'WriteOperationsPerSec'),
      };

/** The adapter is the guest's: what it received came to the guest. */
const nicRow = (row: WmiRow | undefined, numbers: Numbers): NicRow =>
  row === undefined
    ? EMPTY_NIC_ROW
    : {
        ...EMPTY_NIC_ROW,
        rxBytes: numbers.of(row, 'BytesReceivedPersec'),
        rxPackets: numbers.of(row, 'PacketsReceivedPersec'),
        rxDrops: numbers.of(row, 'DroppedPacketsIncomingPersec'),
        txBytes: numbers.of(row, 'BytesSentPersec'),
        txPackets: numbers.of(row, 'PacketsSentPersec'),
        txDrops: numbers.of(row, 'DroppedPacketsOutgoingPersec'),
      };

/** The MAC; the port's GUID where there is none, or another adapter of the VM has it already. */
function idsOf(nics: readonly VmNic[]): readonly string[] {
  const taken = new Set<string>();
  return nics.map(({ mac, port }) => {
    const id = mac === null || taken.has(mac) ? port : mac;
    taken.add(id);
    return id;
  });
}

const identityOf = (vm: Vm, nicIds: readonly string[], host: string | null): Identity => ({
  ...EMPTY_IDENTITY,
  name: vm.name,
  instanceName: vm.name,
  host,
  disks: vm.disks.map(({ id, path }) => ({ id, path, serial: null, bus: null })),
  nics: vm.nics.map(({ mac, name }, index) => ({
    id: nicIds[index] ?? '',
    ...EMPTY_NIC_IDENTITY,
    mac,
    // compute-hyperv names an adapter after neutron's port.
    portId: guidOf(name),
  })),
});
