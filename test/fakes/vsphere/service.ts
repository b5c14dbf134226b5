import { randomUUID } from 'node:crypto';
import { type CounterTable, counterTable } from './counters.ts';
import type { Element } from './element.ts';
import { type Fault, notAuthenticated } from './fault.ts';
import { Inventory } from './inventory.ts';
import { type Managed, managed } from './managed.ts';
import type { Withhold } from './property-content.ts';
import { Performance, PROPER, type Statistics } from './query-perf.ts';
import type { About } from './service-content.ts';
import { ClientSession, type View } from './session.ts';
import type { CollectorContext } from './update-collector.ts';
import { bool, type Ref, ref, refs } from './value.ts';
import type { World } from './world.ts';

export interface ServiceOptions {
  readonly world: World;
  /** Who may log in, and with what; default u with p. */
  readonly users?: Readonly<Record<string, string>>;
  readonly about?: Partial<About>;
  /** Names of counters that it lacks. */
  readonly withoutCounters?: readonly string[];
  readonly statistics?: Partial<Statistics>;
  /** Most metric ids in a QueryPerf; null (default): any number. */
  readonly maxQueryMetrics?: number | null;
  /** Most elements in a request; default 500 000. */
  readonly maxElements?: number;
  /** What QueryPerf says of an entity that is not there: a fault that names it (default), one that does not, or nothing. */
  readonly gone?: 'named' | 'unnamed' | 'ignored';
  /** After how much quiet a session ends; default 30 minutes. */
  readonly idleUs?: number;
  /** Object updates in an answer where the client sets no bound; default 100, as vcsim has of vCenter. */
  readonly maxObjectUpdates?: number;
  readonly withhold?: Withhold;
  /** True: changes of known objects are told by `enter`, with all their properties. */
  readonly entersAgain?: boolean;
  /** The prefix bound to XML Schema's instance namespace; default xsi. */
  readonly xsi?: string;
  /** False: requests are not checked to be well-formed where that costs, in QueryPerf; for benches. Default true. */
  readonly checksRequests?: boolean;
}

/** A request that was understood so far. `element`: the method's; for QueryPerf, which may be huge, its text alone. */
export interface Call {
  readonly method: string;
  readonly self: Ref;
  readonly element: Element | null;
  readonly text: string;
  readonly session: ClientSession | null;
}

/** Thrown by a method whose answer is a fault. */
export class FaultError extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(`${fault.type}: ${fault.message}`);
    this.fault = fault;
  }
}

const MINUTE_US = 60_000_000;

/** What is behind the methods: the world's objects and statistics, and the sessions of clients. */
export class Service {
  readonly options: ServiceOptions;
  readonly world: World;
  readonly counters: CounterTable;
  readonly inventory: Inventory;
  readonly performance: Performance;
  readonly about: About;
  readonly xsi: string;
  readonly sessions = new Map<string, ClientSession>();
  /** What clients left behind when their session ended, by logout or not. */
  readonly left = { views: 0, filters: 0, sessions: 0 };
  /** QuerySpecs that asked for times to come, at which vcsim hangs for ever. */
  futureStarts = 0;
  /** How much each QueryPerf asked, in order. */
  readonly queries: { readonly entities: number; readonly metrics: number }[] = [];

  constructor(options: ServiceOptions) {
    this.options = options;
    this.world = options.world;
    this.xsi = options.xsi ?? 'xsi';
    const { mode } = this.world;
    this.counters = counterTable(mode, options.withoutCounters);
    this.about = { version: '8.0.3', apiVersion: '8.0.3.0', instanceUuid: randomUUID(), ...options.about };
    this.inventory = new Inventory(this.world, this.about, this.counters);
    this.performance = new Performance(this.world, this.counters, { ...PROPER, ...options.statistics }, this.xsi);
  }

  now(): number {
    return this.world.now();
  }

  login(userName: string): ClientSession {
    const session = new ClientSession(randomUUID(), userName, this.now(), this.inventory.places.propertyCollector);
    this.sessions.set(session.key, session);
    return session;
  }

  /** The session of a cookie, which lives on by this; null where there is none or it was idle for too long. */
  sessionOf(key: string): ClientSession | null {
    const now = this.now();
    for (const session of this.sessions.values())
      if (now - session.activeAt > (this.options.idleUs ?? 30 * MINUTE_US)) this.end(session, false);
    const session = this.sessions.get(key) ?? null;
    if (session) session.activeAt = now;
    return session;
  }

  /** Ends a session; `properly`: the client said so. */
  end(session: ClientSession, properly: boolean): void {
    this.sessions.delete(session.key);
    this.left.views += session.views.size;
    this.left.filters += session.filters;
    if (!properly) this.left.sessions++;
  }

  /** As after a restart of the server: every session is gone, and all that was in it. */
  forget(): void {
    this.sessions.clear();
  }

  /** The session of a call, or a fault. */
  require({ session, self }: Call): ClientSession {
    if (session === null) throw new FaultError(notAuthenticated(self));
    return session;
  }

  /** Any object that this session can see. */
  find(session: ClientSession, of: Ref): Managed | undefined {
    const view = session.views.get(of.value);
    return view ? this.#viewObject(view) : this.inventory.find(of);
  }

  collecting(session: ClientSession): CollectorContext {
    return {
      inventory: this.inventory,
      find: (of) => this.find(session, of),
      withhold: this.options.withhold ?? (() => null),
      entersAgain: this.options.entersAgain === true,
      xsi: this.xsi,
    };
  }

  #viewObject(view: View): Managed {
    return managed(view.ref, {
      container: () => ref(view.container),
      recursive: () => bool(view.recursive),
      view: () => refs(this.#members(view)),
    });
  }

  #members({ container, types, recursive }: View): readonly Ref[] {
    const all = (types.length === 0 ? ['ManagedEntity'] : types).flatMap((type) => this.inventory.all(type));
    const { rootFolder } = this.inventory.places;
    if (recursive && container.value === rootFolder.value) return all.filter(({ value }) => value !== rootFolder.value);
    return all.filter((of) => this.#isUnder(of, container, recursive));
  }

  #isUnder(of: Ref, container: Ref, recursive: boolean): boolean {
    const up = this.inventory.find(of)?.property('parent');
    if (up?.is !== 'ref') return false;
    return up.ref.value === container.value || (recursive && this.#isUnder(up.ref, container, recursive));
  }
}
