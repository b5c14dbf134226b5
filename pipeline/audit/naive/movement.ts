import { DISK, INSTANCE, NIC, NODE } from '../../../avro/batch.ts';
import {
  DISK_COUNTERS,
  HOST_COUNTERS,
  INSTANCE_COUNTERS,
  type Instance,
  NIC_COUNTERS,
  type Row,
  type Snapshot,
  type State,
} from '../../../avro/snapshot.ts';
import { cpuRate, limitsOf } from '../../model/limits.ts';
import { createAccount, type DeviceReading, read } from './account.ts';
import type { Change } from './change.ts';
import { announces, createOrder, type Order, sourceId, type Turn } from './order.ts';
import { createVm, forget, hear, mayForget, reach, type Vm } from './vm.ts';

/** Told of every change of a counter: the instance as 32 hex digits, block kind, device ('' for the instance itself). */
export type OnChange = (instance: string, kind: number, device: string, change: Change) => void;

/** The movement of all counters, from the messages of the raw topic in the order of each partition's log. */
export interface Movement {
  take(partition: number, snapshots: readonly Snapshot[], recordTime: number): void;
  /** The log has ended. */
  finish(): void;
}

export interface MovementRules {
  readonly reorder: number;
  readonly maxSkew: number;
  /** The window sizes. */
  readonly sizes: readonly number[];
  /** Devices that nobody asks for are not followed, to save memory. */
  readonly isWanted: (instance: string, kind: number, device: string) => boolean;
}

/** How far one endpoint has come: its last complete poll (R4), and the boots of its host, which end every epoch. */
interface Source {
  completeAt: number;
  appliedAt: number;
  readonly boots: number[];
}

interface Partition {
  readonly order: Order;
  readonly sources: Map<string, Source>;
  readonly vms: Map<string, Vm>;
}

const OFF: ReadonlySet<State> = new Set<State>(['SHUTOFF', 'CRASHED', 'SUSPENDED']);

export function createMovement(rules: MovementRules, onChange: OnChange): Movement {
  const partitions = new Map<number, Partition>();
  return {
    take: (number, snapshots, recordTime) => {
      const known = partitions.get(number) ?? { order: createOrder(rules), sources: new Map(), vms: new Map() };
      partitions.set(number, known);
      for (const turn of known.order.take(snapshots, recordTime)) apply(known, rules, turn, onChange);
    },
    finish: () => {
      for (const partition of partitions.values())
        for (const turn of partition.order.rest()) apply(partition, rules, turn, onChange);
    },
  };
}

function apply(partition: Partition, rules: MovementRules, turn: Turn, onChange: OnChange): void {
  const { poll, hosts, instances } = turn.snapshot;
  const id = sourceId(turn.snapshot);
  const source = sourceOf(partition, id);
  const boot = bootOf(source, turn.snapshot);
  for (const instance of [...hosts, ...instances]) {
    const uuid = instance.uuid.toString('hex');
    const vm = partition.vms.get(uuid) ?? createVm();
    partition.vms.set(uuid, vm);
    if (mayForget(vm, turn, rules.sizes)) forget(vm);
    reach(vm, turn);
    const isDeleted = hear(vm, turn, instance);
    const isOff = instance.rows.length === 0 && OFF.has(instance.state);
    if (isOff && !announces(turn.snapshot)) vm.off = { source: id, at: poll.startedAt };
    for (const row of instance.rows) {
      if (row.observedAt > vm.goneAt) vm.goneAt = Number.POSITIVE_INFINITY;
      for (const device of [...devicesOf(instance, row), ...nodeOf(instance, row)]) {
        if (!rules.isWanted(uuid, device.kind, device.id)) continue;
        const key = `${device.kind}/${device.id}`;
        const account = vm.devices.get(key) ?? createAccount(vm.forgottenAt);
        vm.devices.set(key, account);
        const epoch = device.epoch === null || boot === 0 ? device.epoch : `${device.epoch} since ${boot}`;
        const reading = readingOf(partition, rules, turn, vm, instance, row, { ...device, epoch });
        for (const change of read(account, reading)) onChange(uuid, device.kind, device.id, change);
      }
    }
    if (isDeleted) vm.goneAt = turn.time;
  }
  if (poll.partial === null && !announces(turn.snapshot))
    source.completeAt = Math.max(source.completeAt, poll.startedAt);
}

function sourceOf({ sources }: Partition, id: string): Source {
  const known = sources.get(id) ?? {
    completeAt: Number.NEGATIVE_INFINITY,
    appliedAt: Number.NEGATIVE_INFINITY,
    boots: [],
  };
  sources.set(id, known);
  return known;
}

/** Which boot of its host a poll belongs to: the latest that it came after; 0 before the first that was noticed. */
function bootOf(source: Source, { source: { bootedAt }, poll }: Snapshot): number {
  const hadPolls = source.appliedAt > Number.NEGATIVE_INFINITY;
  if (bootedAt !== null && hadPolls && bootedAt > source.appliedAt && source.boots.at(-1) !== bootedAt)
    source.boots.push(bootedAt);
  source.appliedAt = Math.max(source.appliedAt, poll.startedAt);
  return source.boots.findLast((boot) => boot <= poll.startedAt || boot === bootedAt) ?? 0;
}

interface DeviceRow {
  readonly kind: number;
  readonly id: string;
  readonly epoch: string | null;
  readonly values: ReadonlyMap<number, bigint>;
}

/** The instance itself, its disks and its nics; a device's own epoch where the source tells one (R8). */
function devicesOf({ epoch, disks, nics }: Instance, row: Row): readonly DeviceRow[] {
  return [
    { kind: INSTANCE, id: '', epoch, values: valuesOf(row, INSTANCE_COUNTERS) },
    ...row.disks.map((values, n) => ({
      kind: DISK,
      id: disks[n]?.id ?? '',
      epoch: disks[n]?.epoch ?? epoch,
      values: valuesOf(values, DISK_COUNTERS),
    })),
    ...row.nics.map((values, n) => ({
      kind: NIC,
      id: nics[n]?.id ?? '',
      epoch: nics[n]?.epoch ?? epoch,
      values: valuesOf(values, NIC_COUNTERS),
    })),
  ];
}

/** What is told of hosts alone; nobody asks for it of another instance. */
function nodeOf({ epoch }: Instance, { extras }: Row): readonly DeviceRow[] {
  const values = HOST_COUNTERS.flatMap((name, field): [number, bigint][] => {
    const extra = extras.findLast((each) => each.name === name && each.counter && each.device === null);
    return extra === undefined ? [] : [[field, extra.value]];
  });
  return values.length === 0 ? [] : [{ kind: NODE, id: '', epoch, values: new Map(values) }];
}

/** What is there, by place among the counters: missing is missing. */
const valuesOf = <Name extends string>(
  row: { readonly [name in Name]: bigint | null },
  names: readonly Name[],
): ReadonlyMap<number, bigint> =>
  new Map(
    names.flatMap((name, field): [number, bigint][] => (row[name] === null ? [] : [[field, row[name] as bigint]])),
  );

function readingOf(
  { sources }: Partition,
  { maxSkew }: MovementRules,
  { snapshot, watermark, streamStart }: Turn,
  vm: Vm,
  instance: Instance,
  row: Row,
  { kind, epoch, values }: DeviceRow,
): DeviceReading {
  const limits = limitsOf(snapshot.source.kind);
  return {
    source: sourceId(snapshot),
    epoch,
    t: row.observedAt,
    interval: row.interval,
    startedAt: instance.startedAt ?? Number.NaN,
    bornAt: vm.bornAt ?? Number.NaN,
    closedThrough: vm.closedThrough,
    values,
    vcpus: kind === INSTANCE && row.vcpus !== null ? Number(row.vcpus) : null,
    maxRate: (field, vcpus) => (kind === INSTANCE && field === 0 ? cpuRate(vcpus) : (limits.rates[kind]?.[field] ?? 0)),
    bits: (field) => limits.bits[kind]?.[field] ?? 0,
    pollInterval: snapshot.poll.interval,
    maxSkew,
    streamStart,
    unlistedAt: (id) => sources.get(id)?.completeAt ?? Number.NEGATIVE_INFINITY,
    offAt: (id) => (vm.off?.source === id ? vm.off.at : Number.NEGATIVE_INFINITY),
    late: row.observedAt <= watermark,
  };
}
