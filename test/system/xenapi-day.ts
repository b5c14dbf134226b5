import { setImmediate as macrotask } from 'node:timers/promises';
import { EndpointError, type Poll, type Session } from '../../connectors/connector.ts';
import { xenapi, xenapiSchema } from '../../connectors/xenapi/xenapi.ts';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../pipeline/runtime/events.ts';
import { FakePool, type PoolOptions } from '../fakes/xenapi/fake-pool.ts';
import type { World } from '../fakes/xenapi/world.ts';

/** A clock that stands still until it is moved; sleepers wake as it passes them. */
class StillClock implements Clock {
  #us: number;
  readonly #begunAt: number;
  readonly #sleepers = new Map<() => void, { readonly at: number; readonly ms: number }>();

  constructor(startUs: number) {
    this.#us = startUs;
    this.#begunAt = startUs;
  }

  readonly now = (): number => this.#us;
  readonly monotonic = (): number => this.#us - this.#begunAt;
  readonly random = (): number => 0;

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const wake = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        this.#sleepers.delete(wake);
        reject(signal?.reason);
      };
      this.#sleepers.set(wake, { at: this.#us + ms * 1000, ms });
      signal?.addEventListener('abort', stop);
    });

  /** When the next sleeper wakes; infinite where nobody sleeps. */
  get nextAt(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#sleepers.values()].map(({ at }) => at));
  }

  /** Does anybody sleep for so long? */
  isResting = (ms: number): boolean => [...this.#sleepers.values()].some((sleeper) => sleeper.ms === ms);

  /** Wakes whoever's time has come. */
  moveTo(us: number): void {
    this.#us = Math.max(us, this.#us);
    for (const [wake, { at }] of this.#sleepers)
      if (at <= this.#us) {
        this.#sleepers.delete(wake);
        wake();
      }
  }
}

/** What the feed of events rests between two calls, milliseconds. */
const REST_MS = 1000;
const SECOND = 1e6;

export interface DayOptions {
  readonly world: World;
  readonly startUs: number;
  readonly pollS: number;
  /** Words of the connector's configuration. */
  readonly words?: object;
  readonly fake?: Partial<PoolOptions>;
}

/** What an endpoint was driven through: polls at its cadence, reconnecting as `polling.ts` would. */
export class XenapiDay {
  readonly polls: Poll[] = [];
  readonly events: InternalEvent[] = [];
  /** Of connecting and of polls, by code. */
  readonly failures = new Map<string, number>();
  readonly pool: FakePool;
  readonly #options: DayOptions;
  readonly #clock: StillClock;
  /** The connector's, apart from the fake's: who rests must be told from who serves. */
  readonly #own: StillClock;
  #endpoint: ReturnType<XenapiDay['create']>;
  #session: Session | null = null;
  #isOver = true;

  private constructor(options: DayOptions, pool: FakePool, clock: StillClock) {
    this.#options = options;
    this.pool = pool;
    this.#clock = clock;
    this.#own = new StillClock(options.startUs);
    this.#endpoint = this.create();
  }

  static async begin(options: DayOptions): Promise<XenapiDay> {
    const clock = new StillClock(options.startUs);
    return new XenapiDay(options, await FakePool.start({ world: options.world, clock, ...options.fake }), clock);
  }

  /** A collector that knows nothing yet. */
  private create() {
    const { words } = this.#options;
    const url = this.#options.world.hosts.map((_, host) => this.pool.url(host));
    const config = { name: 'pool', type: 'xenapi', url, username: 'root', password: 'secret', ...words };
    const context = { clock: this.#own, report: (event: InternalEvent) => void this.events.push(event) };
    const endpoint = xenapi.create(xenapiSchema.parse(config), context);
    if (!('connect' in endpoint)) throw new Error('not an endpoint');
    return endpoint;
  }

  now = (): number => this.#clock.now();

  /** Polls until `untilUs`. */
  async run(untilUs: number): Promise<void> {
    while (this.#clock.now() < untilUs) {
      await this.#pass(Math.min(this.#options.pollS * SECOND, untilUs - this.#clock.now()));
      await this.#poll();
    }
  }

  /** Nobody polls until `untilUs`: what a collector that hangs or is cut off altogether would do. */
  async idle(untilUs: number): Promise<void> {
    await this.#pass(untilUs - this.#clock.now());
  }

  /** The collector ends and another begins, which knows nothing. */
  async restart(): Promise<void> {
    await this.#letGo();
    this.#endpoint = this.create();
  }

  /** Resolves with the number of sessions that are left on the pool, 0 if all is well. */
  async end(): Promise<number> {
    await this.#letGo();
    const left = this.pool.sessions.open;
    await this.pool.close();
    return left;
  }

  async #poll(): Promise<void> {
    const scheduledAt = this.#clock.now();
    try {
      this.#session ??= await this.#connect();
      const seen = await this.#session.poll(new AbortController().signal);
      const { id: hypervisor, kind } = this.#endpoint;
      const interval = this.#options.pollS * SECOND;
      this.polls.push({ ...seen, hypervisor, kind, sequence: this.polls.length, scheduledAt, interval });
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      this.failures.set(error.code, (this.failures.get(error.code) ?? 0) + 1);
      await this.#letGo();
    }
  }

  async #connect(): Promise<Session> {
    const session = await this.#endpoint.connect(new AbortController().signal);
    this.#isOver = false;
    void session.closed.then(() => {
      if (this.#session === session) this.#isOver = true;
    });
    return session;
  }

  async #letGo(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.close();
    this.#isOver = true;
  }

  /** Lets time pass, from one sleeper to the next, until everything that wakes has come to rest. */
  async #pass(us: number): Promise<void> {
    const until = this.#clock.now() + us;
    for (;;) {
      await this.#settle();
      const next = Math.min(until, this.#clock.nextAt, this.#own.nextAt);
      this.#clock.moveTo(next);
      this.#own.moveTo(next);
      this.pool.wake();
      await this.#settle();
      if (next >= until) return;
    }
  }

  /** The feed rests, or waits for events, or is over. A session that is over is closed. */
  async #settle(): Promise<void> {
    for (let round = 0; round < 1e5; round++) {
      await macrotask();
      if (this.#session !== null && this.#isOver) await this.#letGo();
      if (this.#isOver || this.#own.isResting(REST_MS) || this.pool.waiting > 0) return;
    }
    throw new Error('the feed came to no rest');
  }
}
