import type { CallLimit } from '../patience.ts';
import {
  type AnswerReader,
  type ObjectUpdate,
  readMoref,
  readNothing,
  readUpdates,
  type ServiceContent,
  type UpdateSet,
} from './answers.ts';
import type { Client } from './client.ts';
import { createContainerView, createFilter, destroyFilter, destroyView, waitForUpdates } from './methods.ts';
import { changeHost, changeVm, type EsxHost, PATHS, UNKNOWN_HOST, UNKNOWN_VM, type Vm } from './properties.ts';
import { type Moref, type SoapCall, VimFault } from './protocol.ts';

/** As many as a server gives by itself. Each comes with its devices, 10 to 20 kB. */
const MOST_UPDATES = 100;

interface Watch {
  readonly view: Moref;
  readonly filter: Moref;
  /** Of the session that they were made in. */
  readonly generation: number;
  version: string;
}

/**
 * The VMs and hosts of one endpoint, kept by what changes: a view of all, a filter on it, and one call a poll. When the
 * session or the server's memory of what it has told is lost, all is read anew; what was known stays until then.
 */
export class Inventory {
  readonly #client: Client;
  readonly #service: ServiceContent;
  #watch: Watch | undefined;
  #vms = new Map<string, Vm>();
  #hosts = new Map<string, EsxHost>();
  /** What has been read since the watch began, until it is all. */
  #fresh: { vms: Map<string, Vm>; hosts: Map<string, EsxHost> } | undefined;

  /** The server has more to tell than there was time for. */
  #isLate = false;

  constructor(client: Client, service: ServiceContent) {
    this.#client = client;
    this.#service = service;
  }

  /** By object id, in the order in which they were told. */
  get vms(): ReadonlyMap<string, Vm> {
    return this.#vms;
  }

  get hosts(): ReadonlyMap<string, EsxHost> {
    return this.#hosts;
  }

  /** False while the first reading goes on, or changes are left for the next one: not all are known. */
  get complete(): boolean {
    return this.#fresh === undefined && this.#watch !== undefined && !this.#isLate;
  }

  /** Reads what changed, all pages of it, until `hasTime` says no: the rest is read the next time. */
  async update(limit: () => CallLimit, hasTime: () => boolean): Promise<void> {
    try {
      await this.#read(limit, hasTime);
    } catch (error) {
      if (!(error instanceof VimFault && LOST.has(error.fault)) || this.#watch === undefined) throw error;
      await this.#forgetWatch(limit());
      await this.#read(limit, hasTime);
    }
  }

  /** Gives the view back. */
  async close(limit: CallLimit): Promise<void> {
    if (this.#watch?.generation === this.#client.generation) await this.#forgetWatch(limit);
  }

  async #read(limit: () => CallLimit, hasTime: () => boolean): Promise<void> {
    let renewals = 0;
    for (;;) {
      const { propertyCollector } = this.#service;
      const watch = await this.#watching(limit);
      const call = waitForUpdates(propertyCollector, watch.version, MOST_UPDATES);
      const set = await this.#client.callWithin(watch.generation, call, readUpdates, limit());
      if (set === null) {
        // The session of the new login knows neither view nor filter: once is an end, twice is a fault.
        if (++renewals > 1) throw new VimFault('NotAuthenticated', 'NotAuthenticated', null);
        continue;
      }
      this.#apply(watch, set);
      this.#isLate = set.truncated;
      if (!set.truncated) return this.#settle();
      if (!hasTime()) return;
    }
  }

  async #watching(limit: () => CallLimit): Promise<Watch> {
    const { viewManager, rootFolder, propertyCollector } = this.#service;
    while (this.#watch?.generation !== this.#client.generation || this.#watch === undefined) {
      const ask = <T>(call: SoapCall, reader: () => AnswerReader<T>): Promise<T> =>
        this.#client.call(call, reader, limit());
      const { generation } = this.#client;
      const view = await ask(createContainerView(viewManager, rootFolder, Object.keys(PATHS)), readMoref);
      const filter = await ask(createFilter(propertyCollector, view, PATHS), readMoref);
      if (generation !== this.#client.generation) continue;
      this.#watch = { view, filter, generation, version: '' };
      this.#fresh = { vms: new Map(), hosts: new Map() };
    }
    return this.#watch;
  }

  #apply(watch: Watch, { version, updates }: UpdateSet): void {
    const { vms, hosts } = this.#fresh ?? { vms: this.#vms, hosts: this.#hosts };
    for (const update of updates) {
      if (update.object.type === 'VirtualMachine') change(vms, update, UNKNOWN_VM, changeVm);
      else if (update.object.type === 'HostSystem') change(hosts, update, UNKNOWN_HOST, changeHost);
    }
    if (version !== null) watch.version = version;
    // The first reading of all: what is known is better than nothing.
    if (this.#fresh && this.#vms.size === 0) this.#show(this.#fresh);
  }

  #settle(): void {
    if (this.#fresh) this.#show(this.#fresh);
    this.#fresh = undefined;
  }

  #show({ vms, hosts }: { vms: Map<string, Vm>; hosts: Map<string, EsxHost> }): void {
    this.#vms = vms;
    this.#hosts = hosts;
  }

  /** Two filters at once would tell everything twice. What is gone already is as good. */
  async #forgetWatch(limit: CallLimit): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    if (watch === undefined) return;
    for (const call of [destroyFilter(watch.filter), destroyView(watch.view)]) {
      await this.#client.call(call, readNothing, limit).catch((error: unknown) => {
        if (!(error instanceof VimFault)) throw error;
      });
    }
  }
}

/** Faults of a watch that the server does not know any more. */
const LOST = new Set(['InvalidCollectorVersion', 'ManagedObjectNotFound']);

/** An object that is known may enter again: it has all the properties told, and keeps none of before. */
function change<Thing>(
  things: Map<string, Thing>,
  { kind, object, changes }: ObjectUpdate,
  unknown: Thing,
  apply: (thing: Thing, path: string, value: ObjectUpdate['changes'][number]['value']) => Thing,
): void {
  if (kind === 'leave') {
    things.delete(object.id);
    return;
  }
  let thing = kind === 'enter' ? unknown : (things.get(object.id) ?? unknown);
  for (const { name, value } of changes) thing = apply(thing, name, value);
  things.set(object.id, thing);
}
