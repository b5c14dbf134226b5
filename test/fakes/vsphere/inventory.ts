import type { CounterTable } from './counters.ts';
import { hostSystem } from './host-system.ts';
import { type Managed, managed } from './managed.ts';
import { PLACES, type Places } from './places.ts';
import { type About, services } from './service-content.ts';
import { bool, constant, long, object, type Ref, ref, refs, string, type Value } from './value.ts';
import { virtualMachine } from './virtual-machine.ts';
import type { World } from './world.ts';

/** The managed objects of a world, as they are now. */
export class Inventory {
  readonly places: Places;
  readonly #world: World;
  readonly #services: readonly Managed[];
  /** Machines by id, made anew when their state is another. */
  readonly #machines = new Map<string, { readonly revision: number; readonly made: Managed }>();
  #rest: {
    readonly revision: number;
    readonly made: ReadonlyMap<string, Managed>;
    readonly alive: readonly Ref[];
  } | null = null;

  constructor(world: World, about: About, counters: CounterTable) {
    this.#world = world;
    this.places = PLACES[world.mode];
    this.#services = services(world.mode, this.places, about, counters, world.now);
  }

  /** Undefined: there is no such object, or it was deleted. */
  find(of: Ref): Managed | undefined {
    return of.type === 'VirtualMachine' ? this.#machine(of.value) : this.#others().made.get(`${of.type}:${of.value}`);
  }

  /** Whether this is a machine or host that is there. */
  has(of: Ref): boolean {
    return of.type === 'VirtualMachine'
      ? this.#world.machines.get(of.value)?.stateAt(this.#world.now()).exists === true
      : of.type === 'HostSystem' && this.#world.hosts.has(of.value);
  }

  /** A number that is another one when an object may have changed; null: look at it. */
  revision(of: Ref): number | null {
    return of.type === 'VirtualMachine'
      ? (this.#world.machines.get(of.value)?.revision(this.#world.now()) ?? null)
      : null;
  }

  /** References to all entities of a type, in the order of the tree. */
  all(type: string): readonly Ref[] {
    if (type === 'VirtualMachine') return this.#others().alive;
    return [...this.#others().made.values()].filter(({ types }) => types.includes(type)).map(({ ref: of }) => of);
  }

  /** Every machine that is there. */
  get alive(): readonly Ref[] {
    return this.#others().alive;
  }

  #machine(id: string): Managed | undefined {
    const machine = this.#world.machines.get(id);
    const now = this.#world.now();
    const state = machine?.stateAt(now);
    if (machine === undefined || !state?.exists) return undefined;
    const revision = machine.revision(now);
    const known = this.#machines.get(id);
    if (known?.revision === revision) return known.made;
    const { vmFolder: folder, pool, store, network } = this.places;
    const made = virtualMachine(machine, state, { folder, pool, store, network });
    this.#machines.set(id, { revision, made });
    return made;
  }

  #others() {
    const now = this.#world.now();
    const revision = this.#world.revision(now);
    if (this.#rest?.revision === revision) return this.#rest;
    const alive: Ref[] = [];
    const onHost = new Map<string, Ref[]>();
    for (const machine of this.#world.machines.values()) {
      const state = machine.stateAt(now);
      if (!state.exists) continue;
      const of = { type: 'VirtualMachine', value: machine.id };
      alive.push(of);
      const others = onHost.get(state.host);
      if (others) others.push(of);
      else onHost.set(state.host, [of]);
    }
    const hosts = [...this.#world.hosts.values()].map((host) =>
      hostSystem(host, this.places.compute, onHost.get(host.id) ?? [], this.places.store, this.places.network),
    );
    const made = [...this.#services, ...tree(this.places, alive, hosts), ...hosts];
    this.#rest = { revision, alive, made: new Map(made.map((each) => [`${each.ref.type}:${each.ref.value}`, each])) };
    return this.#rest;
  }
}

/** Folders, the datacenter and what holds machines. */
function tree(places: Places, machines: readonly Ref[], hosts: readonly Managed[]): readonly Managed[] {
  const hostRefs = hosts.map(({ ref: of }) => of);
  const green = () => constant('ManagedEntityStatus', 'green');
  const entity = (of: Ref, name: string, parent: Ref | null, more: Readonly<Record<string, () => Value | undefined>>) =>
    managed(of, {
      name: () => string(name),
      parent: () => (parent === null ? undefined : ref(parent)),
      overallStatus: green,
      configStatus: green,
      ...more,
    });
  const folder = (of: Ref, name: string, parent: Ref | null, types: readonly string[], held: readonly Ref[]) =>
    entity(of, name, parent, {
      childType: () => ({ is: 'list', item: 'string', values: types.map(string) }),
      childEntity: () => refs(held),
    });
  const { rootFolder, datacenter, vmFolder, hostFolder, datastoreFolder, networkFolder } = places;
  const { compute, pool, store, network } = places;
  return [
    folder(
      rootFolder,
      rootFolder.value.startsWith('ha-') ? 'ha-folder-root' : 'Datacenters',
      null,
      ['Folder', 'Datacenter'],
      [datacenter],
    ),
    entity(datacenter, rootFolder.value.startsWith('ha-') ? 'ha-datacenter' : 'dc1', rootFolder, {
      vmFolder: () => ref(vmFolder),
      hostFolder: () => ref(hostFolder),
      datastoreFolder: () => ref(datastoreFolder),
      networkFolder: () => ref(networkFolder),
      datastore: () => refs([store]),
      network: () => refs([network]),
    }),
    folder(vmFolder, 'vm', datacenter, ['Folder', 'VirtualMachine', 'VirtualApp'], machines),
    folder(hostFolder, 'host', datacenter, ['Folder', 'ComputeResource'], [compute]),
    folder(datastoreFolder, 'datastore', datacenter, ['Folder', 'Datastore', 'StoragePod'], [store]),
    folder(networkFolder, 'network', datacenter, ['Folder', 'Network', 'DistributedVirtualSwitch'], [network]),
    entity(compute, 'cluster1', hostFolder, {
      host: () => refs(hostRefs),
      resourcePool: () => ref(pool),
      datastore: () => refs([store]),
      network: () => refs([network]),
    }),
    entity(pool, 'Resources', compute, {
      owner: () => ref(compute),
      resourcePool: () => refs([]),
      vm: () => refs(machines),
    }),
    entity(store, 'store1', datastoreFolder, {
      summary: () =>
        object('DatastoreSummary', [
          ['datastore', ref(store)],
          ['name', string('store1')],
          ['url', string('ds:///vmfs/volumes/5f3c1d2e-8a7b6c5d-4e3f-0050569a1b2c/')],
          ['capacity', long(2 ** 40)],
          ['freeSpace', long(2 ** 39)],
          ['accessible', bool(true)],
          ['type', string('VMFS')],
        ]),
      vm: () => refs(machines),
    }),
    entity(network, 'VM Network', networkFolder, {
      summary: () =>
        object('NetworkSummary', [
          ['network', ref(network)],
          ['name', string('VM Network')],
          ['accessible', bool(true)],
        ]),
      vm: () => refs(machines),
      host: () => refs(hostRefs),
    }),
  ];
}
