import { diskKey, guidsIn, isNoise, vcpuOf, withoutOrdinal } from '../wmi-names.ts';
import type { PerfPart } from './classes.ts';
import { type Inventory, isOn, type Vm } from './inventory.ts';
import type { WmiRow } from './protocol.ts';
import { textOf } from './values.ts';

/** What was read of each class; null: nothing, this time or on this host. */
export type Samples = Readonly<Record<PerfPart, readonly WmiRow[] | null>>;

/** The rows that are a VM's. */
export interface VmRows {
  /** By number. */
  readonly vcpus: ReadonlyMap<number, WmiRow>;
  /** By the port's GUID. */
  readonly nics: ReadonlyMap<string, WmiRow>;
  /** By the disk's key. */
  readonly disks: ReadonlyMap<string, WmiRow>;
  readonly memory: WmiRow | null;
  readonly pages: WmiRow | null;
}

export interface Joined {
  readonly byVm: ReadonlyMap<string, VmRows>;
  /** Rows that may be of one VM as well as of another. */
  readonly ambiguous: number;
  /** Rows of nothing that the inventory has. */
  readonly unmatched: number;
  /** What rows and inventory do not agree upon, as a text: while it stays the same, the inventory has nothing new. */
  readonly disagreement: string;
}

const AMBIGUOUS = Symbol('ambiguous');
type Owner<T> = T | typeof AMBIGUOUS | undefined;

interface Growing {
  readonly vcpus: Map<number, WmiRow>;
  readonly nics: Map<string, WmiRow>;
  readonly disks: Map<string, WmiRow>;
  memory: WmiRow | null;
  pages: WmiRow | null;
}

/**
 * Finds out whose each row is. A name that two running VMs share, a path that two of them use, two rows for the same:
 * such rows are left out, for whose they are is never guessed.
 */
export function join({ vms }: Inventory, samples: Samples): Joined {
  const joining = new Joining(vms.filter(({ state }) => isOn(state)));
  joining.takeVcpus(samples.cpu);
  joining.takeByGuid(samples.nic);
  joining.takeDisks(samples.disk);
  joining.takeByName(samples.memory, 'memory');
  joining.takeByName(samples.pages, 'pages');
  return joining.finish(samples.cpu !== null);
}

class Joining {
  readonly #vms: readonly Vm[];
  readonly #byName = new Map<string, Owner<Vm>>();
  readonly #byPort = new Map<string, Owner<Vm>>();
  readonly #byDisk = new Map<string, Owner<Vm>>();
  readonly #rows = new Map<string, Growing>();
  /** `<VM>/<device>` of which there were two rows. */
  readonly #twice = new Set<string>();
  readonly #strangers: string[] = [];
  #ambiguous = 0;
  #unmatched = 0;

  constructor(vms: readonly Vm[]) {
    this.#vms = vms;
    for (const vm of vms) {
      this.#rows.set(vm.guid, { vcpus: new Map(), nics: new Map(), disks: new Map(), memory: null, pages: null });
      if (vm.name !== null) own(this.#byName, vm.name, vm);
      for (const { port } of vm.nics) own(this.#byPort, port, vm);
      for (const { key } of vm.disks) own(this.#byDisk, key, vm);
    }
  }

  takeVcpus(rows: readonly WmiRow[] | null): void {
    for (const row of rows ?? []) {
      const name = textOf(row, 'Name') ?? '';
      if (isNoise(name)) continue;
      const vcpu = vcpuOf(name);
      const owner = vcpu === null ? undefined : vcpu.isOther ? this.#other(vcpu.vm) : this.#named(vcpu.vm);
      const owned = this.#settle(owner, name);
      if (owned && vcpu) this.#put(owned, 'vcpus', vcpu.number, row);
    }
  }

  takeByGuid(rows: readonly WmiRow[] | null): void {
    for (const row of rows ?? []) {
      const name = textOf(row, 'Name') ?? '';
      if (isNoise(name)) continue;
      const port = guidsIn(name).find((guid) => this.#byPort.has(guid));
      // The host's own adapters are here as well: who they are of is no question.
      const owned = this.#settle(
        port === undefined ? undefined : this.#byPort.get(port),
        port === undefined ? null : name,
      );
      if (owned && port !== undefined) this.#put(owned, 'nics', port, row);
    }
  }

  takeDisks(rows: readonly WmiRow[] | null): void {
    for (const row of rows ?? []) {
      const name = textOf(row, 'Name') ?? '';
      if (isNoise(name)) continue;
      const key = diskKey(name);
      const isOther = this.#byDisk.get(diskKey(withoutOrdinal(name))) === AMBIGUOUS;
      const owned = this.#settle(isOther ? AMBIGUOUS : this.#byDisk.get(key), name);
      if (owned) this.#put(owned, 'disks', key, row);
    }
  }

  takeByName(rows: readonly WmiRow[] | null, part: 'memory' | 'pages'): void {
    for (const row of rows ?? []) {
      const name = textOf(row, 'Name') ?? '';
      if (isNoise(name)) continue;
      const owned = this.#settle(this.#named(name), null);
      if (owned === undefined) continue;
      const its = this.#rows.get(owned.guid);
      if (its && its[part] === null) its[part] = row;
      else this.#ambiguous++;
    }
  }

  /** A second VM of that name; with one only, the inventory is older than the rows. */
  #other(name: string): Owner<Vm> {
    return this.#byName.get(name) === AMBIGUOUS ? AMBIGUOUS : undefined;
  }

  #named(name: string): Owner<Vm> {
    const plain = withoutOrdinal(name);
    if (plain !== name && this.#byName.get(plain) === AMBIGUOUS) return AMBIGUOUS;
    return this.#byName.get(name);
  }

  /** `stranger`: what to remember of a row of nobody, if it may be one of a VM that is new. */
  #settle(owner: Owner<Vm>, stranger: string | null): Vm | undefined {
    if (owner === AMBIGUOUS) this.#ambiguous++;
    if (owner === undefined) {
      this.#unmatched++;
      if (stranger !== null) this.#strangers.push(stranger);
    }
    return owner === AMBIGUOUS ? undefined : owner;
  }

  #put<Part extends 'vcpus' | 'nics' | 'disks'>(vm: Vm, part: Part, key: string | number, row: WmiRow): void {
    const its = this.#rows.get(vm.guid)?.[part] as Map<string | number, WmiRow> | undefined;
    const id = `${vm.guid}/${part}/${key}`;
    if (its?.delete(key)) {
      this.#twice.add(id);
      this.#ambiguous++;
    }
    if (this.#twice.has(id)) this.#ambiguous++;
    else its?.set(key, row);
  }

  finish(hasCpu: boolean): Joined {
    const silent = hasCpu
      ? this.#vms.filter(({ guid }) => this.#rows.get(guid)?.vcpus.size === 0).map(({ guid }) => guid)
      : [];
    const { length } = this.#strangers;
    return {
      byVm: this.#rows,
      ambiguous: this.#ambiguous,
      unmatched: this.#unmatched,
      disagreement: length + silent.length === 0 ? '' : JSON.stringify([this.#strangers.sort(), silent.sort()]),
    };
  }
}

/** What is claimed twice is nobody's, though it be the same VM: of which of its disks is it? */
function own(owners: Map<string, Owner<Vm>>, key: string, vm: Vm): void {
  owners.set(key, owners.has(key) ? AMBIGUOUS : vm);
}
