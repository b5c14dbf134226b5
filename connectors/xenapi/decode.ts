import {
  type Device,
  type DiskRow,
  EMPTY_DISK_ROW,
  EMPTY_NIC_ROW,
  EMPTY_ROW,
  type NicRow,
  type Row,
} from '../../avro/snapshot.ts';
import { hostGauge } from '../occupancy.ts';
import { Amounts } from './amounts.ts';
import type { Guest, Host } from './inventory.ts';
import type { Columns } from './legend.ts';
import type { RrdRow } from './rrd-updates.ts';

/** One row as it was read, with the columns of the answer it is of. */
export interface Reading {
  readonly columns: Columns;
  readonly row: RrdRow;
  readonly stepS: number;
}

/** A disk or nic with the key under which its columns go (`xvda`; `0` for vif_0; `eth0` for a host). */
export interface Attached extends Device {
  readonly key: string;
}

export interface Attachments {
  readonly disks: readonly (Attached & { readonly capacity: bigint | null; readonly usage: bigint | null })[];
  readonly nics: readonly Attached[];
}

export interface DecodedRow {
  readonly row: Row;
  /** Values that the host does not have, and those that are no amounts. */
  readonly unknown: number;
  readonly malformed: number;
  /** Columns that should be there and are not. */
  readonly absent: number;
  /** Nothing at all is known. */
  readonly isEmpty: boolean;
}

const NANOSECONDS = 1e9;
const KIB = 1024;

/** (t − step, t] in microseconds, as a row of basis INTERVAL has it. */
const spanOf = ({ row, stepS }: Reading): Pick<Row, 'observedAt' | 'interval'> => ({
  observedAt: row.t * 1e6,
  interval: stepS * 1e6,
});

/**
 * A VM's rates as amounts: CPU time in ns, bytes, requests, each rounded. Memory is a gauge in bytes; its use is known
 * only where the guest's tools tell what is free. The number of VCPUs is today's, for rows since the VM's start. In the
 * row that it started in, what it used since is shared out over the whole row: right for amounts, wrong for gauges.
 */
export function decodeGuestRow(reading: Reading, guest: Guest, attached: Attachments): DecodedRow {
  const { columns, row, stepS } = reading;
  const from = new Amounts(row.values, stepS);
  const cpus = cpuColumns(columns, guest.vcpus);
  const isOfThisLife = guest.startTime === null || row.t * 1e6 > guest.startTime;
  const startedWithin = isOfThisLife && guest.startTime !== null && (row.t - stepS) * 1e6 < guest.startTime;
  const gauge = (column: number | undefined, unit?: number): bigint | null => {
    const bytes = from.memory(column, unit);
    return startedWithin ? from.disbelieve(bytes) : bytes;
  };
  const memory = gauge(columns.memory);
  const free = gauge(columns.internalFree, KIB);
  const decoded: Row = {
    ...EMPTY_ROW,
    ...spanOf(reading),
    cpuTime: cpus === null ? null : from.sum(cpus, NANOSECONDS),
    vcpus: guest.vcpus === null || !isOfThisLife ? null : BigInt(guest.vcpus),
    memory,
    memoryUsage: memory !== null && free !== null && free <= memory ? memory - free : null,
    disks: attached.disks.map((disk) => ({
      ...diskRow(from, columns, disk.key),
      capacity: disk.capacity,
      usage: disk.usage,
    })),
    nics: attached.nics.map((nic) => nicRow(from, columns, nic.key)),
  };
  return counted(decoded, from, cpus === null ? 1 : 0);
}

/** A member's own rows: its CPUs' time, its memory and how much of it is used, its interfaces. */
export function decodeHostRow(reading: Reading, host: Host, attached: Attachments): DecodedRow {
  const { columns, row, stepS } = reading;
  const from = new Amounts(row.values, stepS);
  const cpus = cpuColumns(columns, host.cpus);
  const memory = from.memory(columns.memoryTotal, KIB);
  const free = from.memory(columns.memoryFree, KIB);
  const decoded: Row = {
    ...EMPTY_ROW,
    ...spanOf(reading),
    cpuTime: cpus === null ? null : from.sum(cpus, NANOSECONDS),
    vcpus: host.cpus === null ? null : BigInt(host.cpus),
    memory,
    memoryUsage: memory !== null && free !== null && free <= memory ? memory - free : null,
    nics: attached.nics.map((nic) => nicRow(from, columns, nic.key)),
    extras: free === null ? [] : [hostGauge('compute.node.memory.free', free)],
  };
  return counted(decoded, from, cpus === null ? 1 : 0);
}

const counted = (row: Row, { unknown, malformed, taken }: Amounts, absent: number): DecodedRow => ({
  row,
  unknown,
  malformed,
  absent,
  isEmpty: taken === 0,
});

/**
 * The columns of all CPUs; null if one has none, for the sum would be of a part. An archive keeps the columns of CPUs
 * that a VM once had, empty: beyond `count` they are left.
 */
function cpuColumns({ cpus }: Columns, count: number | null): readonly number[] | null {
  if (cpus.size === 0) return null;
  if (count === null) return [...cpus.values()];
  const columns: number[] = [];
  for (let n = 0; n < count; n++) {
    const column = cpus.get(n);
    if (column === undefined) return null;
    columns.push(column);
  }
  return columns;
}

function diskRow(from: Amounts, { disks }: Columns, key: string): DiskRow {
  const columns = disks.get(key) ?? {};
  return {
    ...EMPTY_DISK_ROW,
    readBytes: from.amount(columns.read),
    readRequests: from.amount(columns.iops_read),
    writeBytes: from.amount(columns.write),
    writeRequests: from.amount(columns.iops_write),
  };
}

/** XAPI has swapped dom0's view already: rx is towards the guest. */
function nicRow(from: Amounts, { nics }: Columns, key: string): NicRow {
  const columns = nics.get(key) ?? {};
  return {
    ...EMPTY_NIC_ROW,
    rxBytes: from.amount(columns.rx),
    rxErrors: from.amount(columns.rx_errors),
    txBytes: from.amount(columns.tx),
    txErrors: from.amount(columns.tx_errors),
  };
}
