import type { IncomingMessage, ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { type Clock, systemClock } from '../../../pipeline/runtime/clock.ts';
import { answerCall, type Xapi } from './calls.ts';
import { Database } from './database.ts';
import { allUp, type Certificate, Listener } from './listener.ts';
import { type Answer, type Call, type React, send } from './reaction.ts';
import { answerGet } from './rrd-routes.ts';
import type { Wording } from './rrd-text.ts';
import { type RrddOptions, Rrdds } from './rrdd.ts';
import { Sessions } from './sessions.ts';
import { Waiting } from './waiting.ts';
import { jsonAnswer, type Outcome, type RpcCall, readXmlCall, xmlAnswer } from './wire.ts';
import type { World } from './world.ts';

export interface PoolOptions extends Partial<RrddOptions>, Partial<Wording> {
  readonly world: World;
  readonly clock?: Pick<Clock, 'now' | 'sleep'>;
  readonly user?: string;
  readonly password?: string;
  readonly tls?: Certificate;
  /** 0, the default: any. */
  readonly port?: number;
  /**
   * How hosts are told apart. `ip`: 127.0.0.1, 127.0.0.2 … with one port, which `host.address` leaves out, as in a real
   * pool whose port is always 443. `port`: 127.0.0.1 with a port each, which `host.address` has.
   */
  readonly addressing?: 'ip' | 'port';
  /** What a host without JSON-RPC says to it: 404, or 200 with text/xml. */
  readonly jsonRpc?: 'yes' | 'missing' | 'xml';
  readonly react?: React;
}

/** A XenAPI pool on loopback that serves a world and misbehaves as told. */
export class FakePool {
  /** Names of everything that was called, in order: `session.login_with_password`, `GET /rrd_updates` … */
  readonly calls: string[] = [];
  readonly world: World;
  readonly sessions: Sessions;
  readonly #options: PoolOptions;
  readonly #clock: Pick<Clock, 'now' | 'sleep'>;
  readonly #listeners: readonly Listener[];
  readonly #database: Database;
  readonly #waiting: Waiting;
  readonly #rrdds: Rrdds;
  readonly #stopped = new AbortController();
  readonly #unlisten: () => void;
  readonly #xapi: Omit<Xapi, 'coordinator'>;
  #coordinator = 0;
  /** May be set while the pool runs. */
  react: React | undefined;

  private constructor(options: PoolOptions) {
    const { world, clock = systemClock, tls } = options;
    this.#options = options;
    this.react = options.react;
    this.#clock = clock;
    this.world = world;
    this.sessions = new Sessions(() => clock.now());
    const addressed = options.addressing ?? 'ip';
    this.#listeners = world.hosts.map((_, i) => {
      const address = addressed === 'ip' ? `127.0.${(i + 1) >> 8}.${(i + 1) & 255}` : '127.0.0.1';
      return new Listener(address, tls, (from, to) => void this.#serve(i, from, to));
    });
    this.#database = new Database(world, clock.now, this.addressOf, () => this.#coordinator);
    this.#waiting = new Waiting(clock, this.#database, this.sessions);
    this.#rrdds = new Rrdds(world, { minMax: options.minMax ?? false, migration: options.migration ?? 'unknown' });
    this.#unlisten = world.listen((vm, happening) => {
      this.#database.expect(vm, happening);
      this.#waiting.wake();
    });
    const { user = 'root', password = 'secret' } = options;
    const parts = { world, database: this.#database, sessions: this.sessions, waiting: this.#waiting };
    this.#xapi = { ...parts, user, password, tasks: new Map(), now: () => clock.now(), addressOf: this.addressOf };
  }

  static async start(options: PoolOptions): Promise<FakePool> {
    const pool = new FakePool(options);
    const port = options.port ?? 0;
    if (options.addressing === 'port')
      for (const [i, listener] of pool.#listeners.entries()) await listener.up(port === 0 ? 0 : port + i);
    else await allUp(pool.#listeners, port);
    return pool;
  }

  get coordinator(): number {
    return this.#coordinator;
  }

  /** `https://127.0.0.1:443` of the coordinator, or of a host. */
  url(host = this.#coordinator): string {
    const { address, port } = this.#listeners[host] as Listener;
    return `${this.#options.tls ? 'https' : 'http'}://${address}:${port}`;
  }

  /** As in `host.address` and HOST_IS_SLAVE. */
  readonly addressOf = (host: number): string => {
    const { address, port } = this.#listeners[host] as Listener;
    return this.#options.addressing === 'port' ? `${address}:${port}` : address;
  };

  count = (name: string): number => this.calls.filter((call) => call === name).length;

  /** Calls of event.from that wait. */
  get waiting(): number {
    return this.#waiting.count;
  }

  get connections(): number {
    return this.#listeners.reduce((sum, { sockets }) => sum + sockets.size, 0);
  }

  /** What all hosts have sent. */
  get bytes(): number {
    return this.#listeners.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Brings all RRDs up to date now, which is else done when they are asked for. */
  sampleAll(): void {
    const now = this.#clock.now();
    for (const host of this.world.hosts.keys()) {
      this.#rrdds.host(host, now);
      this.#rrdds.resident(host, now);
    }
  }

  /** Says that something was changed that the world does not know of, or that its time was moved. */
  wake = (): void => this.#waiting.wake();

  /** A host that is off: connections are refused. Its VMs go on, and its xcp-rrdd. */
  stopHost = (host: number): Promise<void> => (this.#listeners[host] as Listener).down();

  startHost(host: number): Promise<void> {
    const listener = this.#listeners[host] as Listener;
    return listener.up(listener.port);
  }

  /** Another host is the coordinator from now on; sessions do not survive it, nor do the old one's connections. */
  setCoordinator(host: number): void {
    const before = this.#coordinator;
    this.#coordinator = host;
    this.sessions.expire();
    this.#listeners[before]?.disconnect();
    this.#waiting.wake();
  }

  expireSessions(): void {
    this.sessions.expire();
    this.#waiting.wake();
  }

  /** Whoever waits for events, or has a token of now, is told EVENTS_LOST. */
  loseEvents = (): void => this.#waiting.loseEvents();

  disconnect(): void {
    for (const listener of this.#listeners) listener.disconnect();
  }

  async close(): Promise<void> {
    this.#unlisten();
    this.#stopped.abort();
    await Promise.all(this.#listeners.map((listener) => listener.down()));
  }

  async #serve(host: number, from: IncomingMessage, to: ServerResponse): Promise<void> {
    const gone = new AbortController();
    to.on('close', () => gone.abort());
    to.on('error', () => to.destroy());
    const url = new URL(from.url ?? '/', 'http://host');
    try {
      if (from.method === 'POST') await this.#rpc(host, url, await textOf(from), to, gone.signal);
      else await this.#get(host, url, from, to);
    } catch (error) {
      if (!to.destroyed) to.writeHead(500, { 'content-type': 'text/plain' }).end(String(error));
    }
  }

  #get(host: number, url: URL, from: IncomingMessage, to: ServerResponse): Promise<void> {
    const reaction = this.#called({ host, name: `GET ${url.pathname}`, params: [], query: url.searchParams });
    const { dialect = 'strings', digits = 15 } = this.#options;
    const originOf = (other: number): string => this.url(other);
    const routes = { xapi: this.#now(), rrdds: this.#rrdds, wording: { dialect, digits }, originOf };
    return send(to, answerGet(routes, host, url, from), reaction, this.#sleep);
  }

  async #rpc(host: number, url: URL, body: string, to: ServerResponse, gone: AbortSignal): Promise<void> {
    const { jsonRpc = 'yes' } = this.#options;
    const isJson = url.pathname === '/jsonrpc';
    if (isJson && jsonRpc !== 'yes') {
      const answer = xmlAnswer({ error: ['INTERNAL_ERROR', 'Xmlm.Error'] });
      const missing = { status: 404, type: 'text/html', body: '<html><body>404</body></html>' };
      return send(
        to,
        jsonRpc === 'xml' ? { ...missing, status: 200, type: 'text/xml', body: answer } : missing,
        undefined,
        this.#sleep,
      );
    }
    const call: RpcCall & { readonly id?: unknown } = isJson ? JSON.parse(body) : readXmlCall(body);
    const reaction = this.#called({ host, name: call.method, params: call.params, query: url.searchParams });
    const isError = typeof reaction === 'object' && 'error' in reaction;
    const outcome: Outcome = isError ? reaction : await answerCall(this.#now(), host, call, gone);
    const answer: Answer = isJson
      ? { status: 200, type: 'application/json', body: jsonAnswer(call.id, outcome) }
      : { status: 200, type: 'text/xml', body: xmlAnswer(outcome, call.method === 'system.listMethods') };
    if (gone.aborted) return;
    await send(to, answer, isError ? undefined : reaction, this.#sleep);
  }

  #called(call: Call): ReturnType<React> {
    this.calls.push(call.name);
    return this.react?.(call);
  }

  #now = (): Xapi => ({ ...this.#xapi, coordinator: this.#coordinator });

  #sleep = (ms: number): Promise<void> => this.#clock.sleep(ms, this.#stopped.signal).catch(() => undefined);
}
