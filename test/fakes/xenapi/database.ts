import type { Happening, Vm } from './life.ts';
import {
  CLASSES,
  type ClassName,
  type Fields,
  guestMetricsRecord,
  hostMetricsRecord,
  hostRecord,
  hostRef,
  metricsRecord,
  partsOf,
  pifRecord,
  plainRecord,
  refOf,
  uuidOf,
  vbdRecord,
  vdiRecord,
  vifRecord,
  vmRecord,
} from './records.ts';
import type { World } from './world.ts';

export interface Change {
  readonly className: ClassName;
  readonly ref: string;
  readonly operation: 'add' | 'mod' | 'del';
}

interface Coming {
  readonly vm: Vm;
  readonly happening: Happening;
}

/** The objects of XenAPI as of now, and every change to them, in the order of their generations (from 1). */
export class Database {
  readonly changes: Change[] = [];
  readonly #world: World;
  readonly #now: () => number;
  readonly #objects = new Map<ClassName, Map<string, () => Fields>>(CLASSES.map((name) => [name, new Map()]));
  /** What has yet to happen, the soonest first. */
  #coming: Coming[] = [];
  #poolConfig: Readonly<Record<string, string>> = {};

  constructor(world: World, now: () => number, addressOf: (host: number) => string, coordinator: () => number) {
    this.#world = world;
    this.#now = now;
    this.#put('pool', refOf('pool', world.uuid), () => ({
      uuid: world.uuid,
      name_label: 'fake pool',
      master: hostRef(world.hosts[coordinator()]),
      default_SR: refOf('SR', world.uuid),
      tags: [],
      other_config: this.#poolConfig,
    }));
    for (const name of ['SR', 'network'] as const)
      this.#put(name, refOf(name, world.uuid), () => plainRecord(world, name));
    for (const [i, host] of world.hosts.entries()) {
      this.#put('host', hostRef(host), () => hostRecord(host, addressOf(i)));
      this.#put('host_metrics', refOf('host_metrics', host.uuid), () => hostMetricsRecord(host, now()));
      this.#put('PIF', refOf('PIF', host.uuid), () => pifRecord(world, host, addressOf(i)));
    }
    for (const vm of world.vms) for (const happening of world.happenings(vm.uuid)) this.#expect(vm, happening);
    this.catchUp();
  }

  /** To be called with everything that is added to the world's lives. */
  expect(vm: Vm, happening: Happening): void {
    this.#expect(vm, happening);
    this.catchUp();
  }

  /** When the next thing happens that is known already; null: nothing. */
  get nextAt(): number | null {
    return this.#coming[0]?.happening.at ?? null;
  }

  get generation(): number {
    this.catchUp();
    return this.changes.length;
  }

  objects(className: ClassName): ReadonlyMap<string, () => Fields> {
    this.catchUp();
    return this.#objects.get(className) ?? new Map();
  }

  /** An object that is not the world's: a task. */
  put = (className: ClassName, ref: string, fields: () => Fields): void => this.#put(className, ref, fields);

  remove(className: ClassName, ref: string): void {
    if (this.#objects.get(className)?.delete(ref)) this.changes.push({ className, ref, operation: 'del' });
  }

  /** Says that an object changed. */
  touch(className: ClassName, ref: string): void {
    this.changes.push({ className, ref, operation: 'mod' });
  }

  configurePool(change: (config: Readonly<Record<string, string>>) => Readonly<Record<string, string>>): void {
    this.#poolConfig = change(this.#poolConfig);
    this.touch('pool', refOf('pool', this.#world.uuid));
  }

  /** Makes happen what is due. */
  catchUp(): void {
    const now = this.#now();
    while (this.#coming[0] && this.#coming[0].happening.at <= now) {
      const { vm, happening } = this.#coming.shift() as Coming;
      this.#happen(vm, happening);
    }
  }

  #expect(vm: Vm, happening: Happening): void {
    const before = this.#coming.findIndex((other) => other.happening.at > happening.at);
    this.#coming.splice(before < 0 ? this.#coming.length : before, 0, { vm, happening });
  }

  #happen(vm: Vm, { what }: Happening): void {
    const [self, metrics] = [refOf('VM', vm.uuid), refOf('VM_metrics', vm.uuid)];
    const guest = refOf('VM_guest_metrics', vm.uuid);
    if (what === 'reset') return;
    if (what === 'create') {
      this.#create(vm);
      return;
    }
    if (what === 'delete') {
      this.remove('VM_guest_metrics', guest);
      for (const { className, ref } of partsOf(vm)) this.remove(className, ref);
      this.remove('VM', self);
      return;
    }
    if (what === 'start' && vm.freeKib)
      this.#put('VM_guest_metrics', guest, () => guestMetricsRecord(this.#world, vm, this.#now()));
    if (what === 'halt' || what === 'suspend') this.remove('VM_guest_metrics', guest);
    this.touch('VM', self);
    if (what !== 'rename') this.touch('VM_metrics', metrics);
  }

  #create(vm: Vm): void {
    const world = this.#world;
    const isOn = (): boolean => world.standing(vm.uuid, this.#now()).power === 'Running';
    this.#put('VM', refOf('VM', vm.uuid), () => vmRecord(world, vm, this.#now()));
    for (const { className, ref, part } of partsOf(vm)) {
      const [nic, disk] = [vm.nics[part], vm.disks[part]];
      if (className === 'VM_metrics') this.#put(className, ref, () => metricsRecord(world, vm, this.#now()));
      else if (className === 'VIF' && nic) this.#put(className, ref, () => vifRecord(world, vm, nic, isOn()));
      else if (className === 'VBD' && disk) this.#put(className, ref, () => vbdRecord(vm, disk, part, isOn()));
      else if (className === 'VDI' && disk) this.#put(className, ref, () => vdiRecord(world, vm, disk, part));
    }
  }

  #put(className: ClassName, ref: string, fields: () => Fields): void {
    this.#objects.get(className)?.set(ref, fields);
    this.changes.push({ className, ref, operation: 'add' });
  }
}

/** A task that a client made, pending until a transfer ends it. */
export function taskOf(name: string, number: number) {
  const fields: { status: string; result: string } = { status: 'pending', result: '' };
  const uuid = uuidOf('task', number);
  const record = (): Fields => ({
    uuid,
    name_label: name,
    name_description: '',
    other_config: {},
    error_info: [],
    ...fields,
  });
  return { ref: refOf('task', uuid), fields, record };
}
