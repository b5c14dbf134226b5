import { Observable } from 'rxjs';
import { type Change, type ConnectorContext, EndpointError, type Observation, type Session } from '../connector.ts';
import { createHttpClient, type HttpClient } from '../http-client.ts';
import type { HttpTls } from '../http-tls.ts';
import { type Budget, connectMsOf, Patience, pollMsOf } from '../patience.ts';
import type { Accepted } from './accepted.ts';
import type { Afterglow } from './afterglow.ts';
import { readCurrentTime, readNothing, readServiceContent, type ServiceContent } from './answers.ts';
import { type Catalogues, readCatalogues } from './catalogues.ts';
import { Client } from './client.ts';
import { uuidOfVm } from './identity.ts';
import { Inventory } from './inventory.ts';
import { Lookout } from './lookout.ts';
import { currentTime, login, logout, retrieveServiceContent } from './methods.ts';
import { PerfReader } from './perf-reader.ts';
import { Poller } from './poller.ts';
import { VimFault } from './protocol.ts';
import type { Turns } from './turns.ts';

/** A poll's time among its QueryPerf calls. */
const SHARES = { begin: 0.6, call: 0.45 };

export interface SessionOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly origin: string;
  readonly path: string;
  readonly username: string;
  readonly password: string;
  readonly tls: HttpTls;
  readonly backfillUs: number;
  readonly batch: { readonly entities: number; readonly metrics: number };
  readonly concurrency: number;
  /** Whether to tell of changes. */
  readonly events: boolean;
  /** Further counters, by `group.name.rollup`. */
  readonly counters: readonly string[];
  /** The hosts themselves are metered too. */
  readonly hosts: boolean;
  /** Of the endpoint, not of one session. */
  readonly accepted: Accepted;
  readonly afterglow: Afterglow;
  readonly turns: Turns;
  /** Told of a counter that the server does not have; the endpoint says it once. */
  readonly onAbsent: (counter: string) => void;
}

/** Of opening a connection, and between two pieces of an answer: calls have shorter limits of their own. */
const HTTP_MS = 10_000;
/** A server that is gone does not take the last calls. A view goes with its session, a session stays for half an hour. */
const GOODBYE_MS = 1000;
const LOGOUT_MS = 3000;
const KIND = 'vsphere';

/** Connects, logs in and reads the inventory, as much of it as there is time for. Rejects with EndpointError, logged out. */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const { endpoint, origin, tls, concurrency, clock, pace, record: tap } = options;
  // One for what a poll asks beside QueryPerf, one for the call that waits.
  const connections = concurrency + 2;
  const http = await createHttpClient({ endpoint, origin, tls, connections, timeoutMs: HTTP_MS, tap });
  const opening = new Opening(options, http);
  try {
    return await opening.open(new Patience(clock, endpoint, SHARES, connectMsOf(pace)).begin(signal));
  } catch (error) {
    await opening.close();
    throw told(options, error);
  }
}

class Opening {
  readonly #options: SessionOptions;
  readonly #http: HttpClient;
  readonly #client: Client;
  #service: ServiceContent | undefined;
  #inventory: Inventory | undefined;
  #calls = 0;
  #closing: Promise<void> | undefined;
  readonly #over = new AbortController();
  #settle: (outcome: undefined) => void = () => undefined;
  readonly #closed = new Promise<undefined>((resolve) => {
    this.#settle = resolve;
  });

  constructor(options: SessionOptions, http: HttpClient) {
    const { endpoint, clock, origin, path, username, password, report } = options;
    this.#options = options;
    this.#http = http;
    this.#client = new Client({
      endpoint,
      clock,
      http,
      origin,
      path,
      onCall: ({ method: call, isAside }) => {
        if (!isAside) this.#calls++;
        report({ event: 'endpoint.call', hypervisor: endpoint, kind: KIND, call });
      },
      login: async (call) => {
        if (this.#service) await call(login(this.#service.sessionManager, username, password), readNothing());
      },
    });
  }

  async open(budget: Budget): Promise<Session> {
    const client = this.#client;
    const service = await client.once(retrieveServiceContent(), readServiceContent(), budget.limit());
    this.#service = service;
    client.speak(service.apiVersion);
    await client.login();
    const skew = new Skew(this.#options, client);
    await skew.read(budget);
    const catalogues = await readCatalogues(client, service, this.#options.counters, budget);
    for (const name of catalogues.absent) this.#options.onAbsent(name);
    const inventory = new Inventory(client, service);
    this.#inventory = inventory;
    await inventory.update(budget.rest, budget.hasTime);
    const poll = this.#poller(service, catalogues, inventory, skew);
    const changes = this.#options.events ? this.#changes(service, inventory) : undefined;
    return { poll, changes, closed: this.#closed, close: () => this.close() };
  }

  /** As long as somebody listens, a call waits for what happens. */
  #changes(service: ServiceContent, inventory: Inventory): Observable<Change> {
    const uuidOf = (id: string): Buffer | null => {
      const vm = inventory.vms.get(id);
      return vm === undefined ? null : uuidOfVm(vm);
    };
    return new Observable((subscriber) => {
      const stop = new AbortController();
      const lookout = new Lookout({ ...this.#options, client: this.#client, service, uuidOf });
      const over = AbortSignal.any([stop.signal, this.#over.signal]);
      lookout.watch((change) => subscriber.next(change), over).catch((error: unknown) => subscriber.error(error));
      return () => stop.abort();
    });
  }

  #poller(
    service: ServiceContent,
    catalogues: Catalogues,
    inventory: Inventory,
    skew: Skew,
  ): (signal: AbortSignal) => Promise<Observation> {
    const options = this.#options;
    const { clock, endpoint, batch, concurrency, pace, turns, report } = options;
    const poller = new Poller({ ...options, catalogues, inventory });
    const reader = new PerfReader({
      endpoint,
      client: this.#client,
      clock,
      perfManager: service.perfManager,
      batch,
      concurrency,
      turns,
      onFailure: ([first, ...more], reason, error) => {
        const part = more.length === 0 ? `${first}` : `${first} and ${more.length} more`;
        report({ event: 'part.failed', hypervisor: endpoint, kind: KIND, part, reason, error: told(options, error) });
      },
    });
    const patience = new Patience(clock, endpoint, SHARES, pollMsOf(pace));
    return async (signal) => {
      const startedAt = clock.now();
      const before = this.#calls;
      const budget = patience.begin(signal);
      try {
        await skew.beforePoll(budget);
        await inventory.update(budget.rest, budget.hasTime);
        const seen = await poller.poll(reader, budget, skew.us);
        // The caller has given this poll up: it must not count.
        signal.throwIfAborted();
        seen.commit();
        const { instances, hosts, partial } = seen;
        const calls = this.#calls - before;
        return { startedAt, endedAt: clock.now(), bootedAt: null, partial, calls, hosts, instances };
      } catch (error) {
        if (signal.aborted) budget.ended();
        throw told(options, error);
      }
    };
  }

  /** Logs out, so that the server does not keep the session for half an hour more. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const client = this.#client;
    const { signal } = new AbortController();
    this.#over.abort();
    try {
      await client.end();
      if (client.hasSession && this.#service) {
        await letGo(this.#inventory?.close({ ms: GOODBYE_MS, signal }));
        await letGo(client.once(logout(this.#service.sessionManager), readNothing(), { ms: LOGOUT_MS, signal }));
      }
    } finally {
      await this.#http.close();
      this.#settle(undefined);
    }
  }
}

/** What cannot be given back to a server that is gone, or that has forgotten it, is not there any more. */
async function letGo(giving: Promise<void> | undefined): Promise<void> {
  await giving?.catch((error: unknown) => {
    if (!(error instanceof EndpointError || error instanceof VimFault)) throw error;
  });
}

const POLLS_BETWEEN = 10;

/** How far the server's clock is ahead of ours. */
class Skew {
  readonly #options: SessionOptions;
  readonly #client: Client;
  #polls = 0;
  us = 0;

  constructor(options: SessionOptions, client: Client) {
    this.#options = options;
    this.#client = client;
  }

  async beforePoll(budget: Budget): Promise<void> {
    if (++this.#polls % POLLS_BETWEEN === 0) await this.read(budget);
  }

  async read(budget: Budget): Promise<void> {
    const { clock, report, endpoint } = this.#options;
    const asked = clock.now();
    const theirs = await this.#client.call(currentTime(), readCurrentTime, budget.limit());
    this.us = Math.round(theirs - (asked + clock.now()) / 2);
    report({ event: 'endpoint.skew', hypervisor: endpoint, kind: KIND, skewUs: this.us });
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  InvalidLogin: 'check username and password',
  NoPermission: 'give the user the role Read-only at the root folder, with propagation',
  NotAuthenticated: 'the session ends as soon as it begins',
};

/** What the server refuses, as an EndpointError in its words. */
function told({ endpoint, origin }: Pick<SessionOptions, 'endpoint' | 'origin'>, error: unknown): Error {
  if (!(error instanceof VimFault)) return error instanceof Error ? error : new Error(String(error));
  const remedy = REMEDIES[error.fault];
  const words = remedy === undefined ? error.message : `${error.message} (${remedy})`;
  return new EndpointError('refused', endpoint, `${origin} refuses: ${words}`, error);
}
