import {
  EMPTY_DISK_ROW,
  EMPTY_IDENTITY,
  EMPTY_NIC_ROW,
  EMPTY_ROW,
  type Extra,
  type Identity,
  type Instance,
  type Row,
  type State,
} from '../../avro/snapshot.ts';
import type { Life, Moment } from './lives.ts';
import type { Guest, Node } from './resources.ts';
import { stateOf } from './states.ts';
import { guestUuid, nodeUuid } from './uuid.ts';

/** CPU time that was used in (until − intervalUs, until], microseconds. */
export interface CpuSpan {
  readonly ns: bigint;
  readonly until: number;
  readonly intervalUs: number;
}

/** What a poll has learnt of a guest beside what the answer says itself. */
export interface Seen {
  readonly at: Moment;
  /** The life that the sample is of; null: there is no new sample, or it is not known whose it is. */
  readonly life: Life | null;
  readonly cpu: CpuSpan | null;
  /** The node does not answer: whatever is told of the guest is old. */
  readonly isLost: boolean;
}

/** Proxmox VE tells the sum over all disks, and over all nics. */
const TOTAL = [{ id: 'total', epoch: null }];

/** A guest as an Instance: bytes, nanoseconds, microseconds. A guest of which nothing is known is NOSTATE, without rows. */
export function instanceOf(guest: Guest, cluster: string, { at, life, cpu, isLost }: Seen): Instance {
  const state: State = isLost ? 'NOSTATE' : stateOf(guest.status);
  const rows = life === null ? [] : [...cpuRow(cpu, true), guestRow(guest, at)];
  return {
    uuid: guestUuid(cluster, guest.vmid),
    epoch: life?.label ?? null,
    startedAt: life?.startedAt ?? null,
    deletedAt: null,
    state,
    disks: rows.length > 0 ? TOTAL : [],
    nics: rows.length > 0 ? TOTAL : [],
    rows,
    // Of a guest that nothing is told of not even the name is known: what it was called stays.
    identity: guest.status === 'unknown' && guest.name === null ? null : identityOf(guest),
  };
}

/** A node as an Instance; it has no counters but the CPU time that its share comes to. */
export function hostOf(node: Node, cluster: string, at: Moment, cpu: CpuSpan | null): Instance {
  const isOn = node.status === 'online';
  const isTold = isOn && node.uptime !== null;
  return {
    uuid: nodeUuid(cluster, node.name),
    // Gauges alone are not counters of any life, and amounts need none.
    epoch: `${cluster}/node/${node.name}`,
    startedAt: null,
    deletedAt: null,
    state: isOn ? 'RUNNING' : 'NOSTATE',
    disks: [],
    nics: [],
    rows: isTold
      ? [...cpuRow(cpu, false), { ...EMPTY_ROW, ...times(at), ...levels(node), extras: extrasOf(node) }]
      : [],
    identity: { ...EMPTY_IDENTITY, name: node.name, instanceName: node.name, host: node.name },
  };
}

const times = ({ wall, monotonic }: Moment) => ({ observedAt: wall, monotonic });

/** A row of basis INTERVAL beside the cumulative one: the share is of an interval, which may have holes. */
function cpuRow(cpu: CpuSpan | null, hasDevices: boolean): readonly Row[] {
  if (cpu === null) return [];
  const { ns: cpuTime, until: observedAt, intervalUs: interval } = cpu;
  const devices = hasDevices ? { disks: [EMPTY_DISK_ROW], nics: [EMPTY_NIC_ROW] } : {};
  return [{ ...EMPTY_ROW, observedAt, interval, cpuTime, ...devices }];
}

function guestRow(guest: Guest, at: Moment): Row {
  const { netin, netout, diskread, diskwrite } = guest.counters;
  // No answer of QEMU's monitor in time, and no cgroup that tells, come out as 0 for both.
  const isTold = diskread !== 0n || diskwrite !== 0n;
  return {
    ...EMPTY_ROW,
    ...times(at),
    ...levels(guest),
    memoryResident: unlessZero(guest.memhost),
    disks: [isTold ? { ...EMPTY_DISK_ROW, readBytes: diskread, writeBytes: diskwrite } : EMPTY_DISK_ROW],
    nics: [{ ...EMPTY_NIC_ROW, rxBytes: netin, txBytes: netout }],
    extras: extrasOf(guest),
  };
}

/** What is not known comes as 0 too: nothing that runs has no CPU and no memory. */
const levels = ({ maxcpu, maxmem, mem }: Guest | Node) => ({
  // A container may be given a part of a CPU.
  vcpus: maxcpu === null ? null : unlessZero(BigInt(Math.ceil(maxcpu))),
  memory: unlessZero(maxmem),
  memoryUsage: unlessZero(mem),
});

const unlessZero = (value: bigint | null): bigint | null => (value === 0n ? null : value);

/** Gauges for which there is no field: of the root disk alone, which the sum of all disks is not, and the share itself. */
function extrasOf({ cpu, disk, maxdisk }: Guest | Node): readonly Extra[] {
  const gauges: readonly (readonly [string, bigint | null])[] = [
    ['proxmox.cpu.ppm', cpu === null ? null : BigInt(Math.round(cpu * 1e6))],
    ['proxmox.disk.root.size', unlessZero(maxdisk)],
    ['proxmox.disk.root.usage', unlessZero(disk)],
  ];
  return gauges.flatMap(([name, value]) => (value === null ? [] : [{ name, device: null, counter: false, value }]));
}

function identityOf({ type, vmid, node, name, pool, tags, lock }: Guest): Identity {
  const labels = { vmid: String(vmid), type, pool, tags: tags.join(';') || null, lock };
  const metadata = Object.fromEntries(
    Object.entries(labels).filter((label): label is [string, string] => label[1] !== null),
  );
  return {
    ...EMPTY_IDENTITY,
    name,
    instanceName: `${type}-${vmid}`,
    projectId: pool,
    projectName: pool,
    host: node,
    metadata,
  };
}
