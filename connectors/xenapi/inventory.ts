import type { State } from '../../avro/snapshot.ts';
import type { Value } from './protocol.ts';
import {
  type HostRecord,
  readGuestMetrics,
  readHost,
  readHostMetrics,
  readPool,
  readVbd,
  readVdi,
  readVif,
  readVm,
  readVmMetrics,
  type VbdRecord,
  type VdiRecord,
  type VifRecord,
  type VmMetricsRecord,
  type VmRecord,
} from './records.ts';

/** The classes that are followed, as `event.from` is asked for them. */
export const CLASSES = ['VM', 'VM_metrics', 'VM_guest_metrics', 'VIF', 'VBD', 'VDI', 'host', 'host_metrics', 'pool'];

/** A member of the pool. */
export interface Host extends HostRecord {
  readonly reference: string;
  /** What the pool itself thinks of it. */
  readonly live: boolean;
  readonly isCoordinator: boolean;
}

/** A virtual machine with what belongs to it. Times in microseconds, sizes in bytes. */
export interface Guest extends VmRecord {
  readonly state: State;
  readonly host: Host | null;
  readonly startTime: number | null;
  readonly installTime: number | null;
  readonly vcpus: number | null;
  readonly osType: string | null;
  readonly nics: readonly VifRecord[];
  readonly disks: readonly (VbdRecord & VdiRecord)[];
}

/** One change: what an object is now, or null if it is gone. Classes in lower case. */
export interface Change {
  readonly className: string;
  readonly reference: string;
  readonly record: Value | null;
}

const STATES: Readonly<Record<string, State>> = {
  Running: 'RUNNING',
  Paused: 'PAUSED',
  Suspended: 'SUSPENDED',
  Halted: 'SHUTOFF',
};

/** In the others a VM has no domain: nothing is counted. */
export const isOn = (state: State): boolean => state !== 'SHUTOFF' && state !== 'SUSPENDED';

const NOTHING: VdiRecord = { virtualSize: null, physicalUtilisation: null };

/** One class's objects by reference. */
class Table<Kept> {
  readonly records = new Map<string, Kept>();
  readonly #read: (record: Value) => Kept | undefined;
  constructor(read: (record: Value) => Kept | undefined) {
    this.#read = read;
  }

  /** False if the record cannot be read: it counts as gone. */
  put(reference: string, record: Value | null): boolean {
    const kept = record === null ? undefined : this.#read(record);
    if (kept === undefined) this.records.delete(reference);
    else this.records.set(reference, kept);
    return kept !== undefined || record === null;
  }

  get(reference: string | null): Kept | undefined {
    return reference === null ? undefined : this.records.get(reference);
  }
}

/** What a pool holds, put together from its objects. */
export class Inventory {
  readonly #vms = new Table(readVm);
  readonly #metrics = new Table(readVmMetrics);
  readonly #guestMetrics = new Table(readGuestMetrics);
  readonly #vifs = new Table(readVif);
  readonly #vbds = new Table(readVbd);
  readonly #vdis = new Table(readVdi);
  readonly #hosts = new Table(readHost);
  readonly #hostMetrics = new Table(readHostMetrics);
  readonly #pools = new Table(readPool);
  readonly #tables: ReadonlyMap<string, Table<unknown>> = new Map<string, Table<unknown>>([
    ['vm', this.#vms],
    ['vm_metrics', this.#metrics],
    ['vm_guest_metrics', this.#guestMetrics],
    ['vif', this.#vifs],
    ['vbd', this.#vbds],
    ['vdi', this.#vdis],
    ['host', this.#hosts],
    ['host_metrics', this.#hostMetrics],
    ['pool', this.#pools],
  ]);
  #guests: readonly Guest[] | null = null;
  #members: readonly Host[] | null = null;

  /** Takes changes in their order; returns how many records could not be read. Classes nobody asked for are left. */
  apply(changes: readonly Change[]): number {
    if (changes.length > 0) this.#guests = this.#members = null;
    let malformed = 0;
    for (const { className, reference, record } of changes)
      if (this.#tables.get(className)?.put(reference, record) === false) malformed++;
    return malformed;
  }

  /** True if it holds as many objects of each class as the pool says that there are. */
  agreesWith(counts: ReadonlyMap<string, number>): boolean {
    return [...this.#tables].every(([name, { records }]) => (counts.get(name) ?? records.size) === records.size);
  }

  /** The virtual machines that are metered. */
  guests(): readonly Guest[] {
    this.#guests ??= this.#join();
    return this.#guests;
  }

  hosts(): readonly Host[] {
    this.#members ??= [...this.#hosts.records].map(([reference, host]) => ({
      ...host,
      reference,
      live: this.#hostMetrics.get(host.metrics)?.live ?? true,
      isCoordinator: [...this.#pools.records.values()].some(({ master }) => master === reference),
    }));
    return this.#members;
  }

  #join(): readonly Guest[] {
    const nics = byVm(this.#vifs.records.values());
    const disks = byVm(this.#vbds.records.values());
    const hosts = new Map(this.hosts().map((host) => [host.uuid, host]));
    return [...this.#vms.records]
      .filter(([, { metered }]) => metered)
      .map(([reference, vm]) => {
        const metrics: VmMetricsRecord | undefined = this.#metrics.get(vm.metrics);
        return {
          ...vm,
          state: STATES[vm.powerState ?? ''] ?? 'NOSTATE',
          host: hosts.get(this.#hosts.get(vm.residentOn)?.uuid ?? '') ?? null,
          startTime: metrics?.startTime ?? null,
          installTime: metrics?.installTime ?? null,
          vcpus: metrics?.vcpus ?? vm.vcpusMax,
          osType: this.#guestMetrics.get(vm.guestMetrics)?.osType ?? null,
          nics: (nics.get(reference) ?? []).toSorted(byDevice),
          disks: (disks.get(reference) ?? [])
            .filter(({ device }) => device !== '')
            .map((vbd) => ({ ...vbd, ...(this.#vdis.get(vbd.vdi) ?? NOTHING) }))
            .sort(byDevice),
        };
      });
  }
}

function byVm<Device extends { readonly vm: string | null }>(devices: Iterable<Device>): Map<string | null, Device[]> {
  const grouped = new Map<string | null, Device[]>();
  for (const device of devices) {
    const group = grouped.get(device.vm);
    if (group === undefined) grouped.set(device.vm, [device]);
    else group.push(device);
  }
  return grouped;
}

const byDevice = (one: { readonly device: string }, other: { readonly device: string }): number =>
  one.device.length - other.device.length || (one.device < other.device ? -1 : 1);
