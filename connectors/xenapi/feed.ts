import { within } from '../../pipeline/runtime/deadline.ts';
import { type ConnectorContext, EndpointError } from '../connector.ts';
import { pause } from '../in-time.ts';
import type { Client } from './client.ts';
import type { Coordinator } from './coordinator.ts';
import { decodeEvents, decodeRecords, type EventBatch } from './events.ts';
import { type Change, CLASSES, Inventory } from './inventory.ts';
import { Double, isXapiError, ProtocolError, type Value } from './protocol.ts';
import { reasonOf } from './reason.ts';

/** How long XAPI may hold a poll that has nothing to tell. */
const POLL_S = 30;
/** After a failure it is asked to answer soon, to tell a dead coordinator from a cut connection. */
const SHORT_POLL_S = 2;
/** For the answer of a poll to come, beyond the time it may be held. */
const GRACE_MS = 8000;
/** A busy pool has something to tell all the time; what changes meanwhile comes together. */
const REST_MS = 1000;
/** So many failures in a row end the session. */
const FAILURES = 3;
/** Objects that vanished unseen are looked for no more often than this. */
const RESYNC_AFTER_US = 5 * 60 * 1_000_000;
/** Hosts without `event.from` are asked for everything this often. */
const LEGACY_EVERY_MS = 60_000;

export interface FeedOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly coordinator: Coordinator;
  /** A connection of its own to the coordinator, for the call that is always outstanding. */
  readonly client: Client;
  /** Told of every time at which the inventory is known to be whole. Called after what changed was taken. */
  readonly onSync: (inventory: Inventory) => void;
}

/** The pool's inventory, kept up to date by one outstanding `event.from`. */
export class Feed {
  inventory = new Inventory();
  /** Why the inventory may be out of date; null: it is not. */
  failure: Error | null = null;
  readonly #options: FeedOptions;
  readonly #stop = new AbortController();
  #token = '';
  #resyncAt = 0;
  #isLegacy = false;
  #running: Promise<void> | null = null;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Reads the whole inventory once. Rejects with EndpointError or XapiError, or the signal's reason. */
  async begin(signal: AbortSignal): Promise<void> {
    try {
      await this.#takeEvents(await this.#poll(signal, SHORT_POLL_S), true);
    } catch (error) {
      if (!isXapiError(error, 'MESSAGE_METHOD_UNKNOWN')) throw error;
      this.#isLegacy = true;
      await this.#readAll(signal);
    }
  }

  /** Follows until `stop`; `onLost` is told, once, when the pool cannot be followed any more. */
  follow(onLost: (error: Error) => void): void {
    this.#running ??= this.#run(onLost);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new EndpointError('lost', this.#options.endpoint, 'the session is closed'));
    await this.#running;
  }

  async #run(onLost: (error: Error) => void): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      await pause(clock, this.#isLegacy && failures === 0 ? LEGACY_EVERY_MS : REST_MS, signal);
      if (signal.aborted) return;
      try {
        await this.#once(signal, failures);
        failures = 0;
        this.failure = null;
      } catch (cause) {
        if (signal.aborted) return;
        const error = cause instanceof Error ? cause : new Error(String(cause));
        this.failure = error;
        const { endpoint, report } = this.#options;
        report({
          event: 'part.failed',
          hypervisor: endpoint,
          kind: 'xenapi',
          part: 'event.from',
          reason: reasonOf(error),
          error,
        });
        if (++failures < FAILURES && !isXapiError(error, 'HOST_IS_SLAVE')) continue;
        onLost(new EndpointError('lost', endpoint, `the pool cannot be followed any more: ${error.message}`, error));
        return;
      }
    }
  }

  async #once(signal: AbortSignal, failures: number): Promise<void> {
    if (this.#isLegacy) return this.#readAll(signal);
    const isWhole = this.#token === '';
    try {
      await this.#takeEvents(await this.#poll(signal, failures > 0 || isWhole ? SHORT_POLL_S : POLL_S), isWhole);
    } catch (error) {
      if (!isXapiError(error, 'EVENTS_LOST', 'EVENT_FROM_TOKEN_PARSE_FAILURE')) throw error;
      this.#token = '';
    }
  }

  async #poll(signal: AbortSignal, seconds: number): Promise<EventBatch> {
    const { clock, endpoint, coordinator, client } = this.#options;
    const params = [CLASSES, this.#token, new Double(seconds + 0.1)];
    const reply = await within(
      clock,
      seconds * 1000 + GRACE_MS,
      `${endpoint}: event.from`,
      (inner) => coordinator.call('event.from', params, inner, client),
      signal,
    );
    return readable(endpoint, () => decodeEvents(reply));
  }

  /** What vanished while nobody followed is not told: a snapshot begins with nothing. */
  async #takeEvents({ changes, token, counts }: EventBatch, isWhole: boolean): Promise<void> {
    if (isWhole) this.#replace(changes);
    else this.#count(this.inventory.apply(changes));
    this.#token = token;
    const { clock, onSync } = this.#options;
    onSync(this.inventory);
    if (this.inventory.agreesWith(counts) || clock.monotonic() < this.#resyncAt) return;
    this.#resyncAt = clock.monotonic() + RESYNC_AFTER_US;
    if (!isWhole) this.#token = '';
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    const { clock, endpoint, coordinator, client, onSync } = this.#options;
    const read = async (className: string): Promise<readonly Change[]> => {
      const call = (inner: AbortSignal): Promise<Value> =>
        coordinator.call(`${className}.get_all_records`, [], inner, client);
      const what = `${endpoint}: ${className}.get_all_records`;
      return decodeRecords(className, await within(clock, GRACE_MS, what, call, signal));
    };
    const all: Change[] = [];
    for (const className of CLASSES) all.push(...(await read(className)));
    this.#replace(all);
    onSync(this.inventory);
  }

  #replace(changes: readonly Change[]): void {
    const whole = new Inventory();
    this.#count(whole.apply(changes));
    this.inventory = whole;
  }

  #count(malformed: number): void {
    if (malformed > 0) this.#options.report({ event: 'reading.dropped', reason: 'malformed', count: malformed });
  }
}

function readable<T>(endpoint: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new EndpointError('protocol', endpoint, `events that cannot be read: ${error.message}`, error);
  }
}
