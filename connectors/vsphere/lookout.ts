import { backoffMs } from '../../pipeline/runtime/backoff.ts';
import { type Change, type ConnectorContext, EndpointError } from '../connector.ts';
import { pause } from '../in-time.ts';
import type { CallLimit } from '../patience.ts';
import {
  type AnswerReader,
  readMoref,
  readNothing,
  readUpdates,
  type ServiceContent,
  type UpdateSet,
} from './answers.ts';
import type { Client } from './client.ts';
import {
  createContainerView,
  createFilter,
  createPropertyCollector,
  destroyPropertyCollector,
  destroyView,
  waitForUpdates,
} from './methods.ts';
import { type Moref, type SoapCall, VimFault } from './protocol.ts';
import { changeOf, type Sight, sightAfter, UNSEEN, WATCHED } from './sight.ts';

/** How long the server may hold a call that has nothing to tell. */
const WAIT_S = 60;
/** For the answer to come, beyond that. */
const GRACE_MS = 10_000;
const CALL_MS = 5000;
/** A few properties of each: some 300 bytes. */
const MOST_UPDATES = 1000;
/** Something happens all the time in a large inventory; what happens meanwhile comes together. */
const REST_MS = 500;
/** Faults of a collector that the server does not know any more. */
const LOST = new Set(['InvalidCollectorVersion', 'ManagedObjectNotFound']);
/** Of a server that has no such thing: it will not have it later. */
const HOPELESS = new Set(['MethodNotFound', 'NotSupported', 'NoPermission']);

export interface LookoutOptions extends ConnectorContext {
  readonly endpoint: string;
  readonly client: Pick<Client, 'call' | 'callWithin' | 'generation'>;
  readonly service: ServiceContent;
  /** The uuid that a VM is listed by; null: none that is known. */
  readonly uuidOf: (id: string) => Buffer | null;
}

interface Post {
  readonly collector: Moref;
  readonly view: Moref;
  /** Of the session that they were made in. */
  readonly generation: number;
  version: string;
  /** All that there is was told once: from now on it is news. */
  isWhole: boolean;
}

/**
 * Waits for what happens to VMs, by one call that is nearly always outstanding, and tells of it. It has a collector of
 * its own, so that it takes nothing from the inventory's. What it fails with is reported and tried again: polls alone
 * come out right.
 */
export class Lookout {
  readonly #options: LookoutOptions;
  #post: Post | undefined;
  #sights: ReadonlyMap<string, Sight> | null = null;
  /** Being told anew, until it is all. */
  #fresh = new Map<string, Sight>();

  constructor(options: LookoutOptions) {
    this.#options = options;
  }

  /** Until `signal` aborts. Never rejects but for a fault of ours. */
  async watch(tell: (change: Change) => void, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const set = await this.#look(signal);
        failures = 0;
        if (set === null || set.updates.length === 0) continue;
        for (const change of this.#take(set)) tell(change);
        if (!set.truncated) await pause(clock, REST_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (this.#isLost(error)) {
          await this.#abandon(signal);
          if (failures === 0) {
            failures++;
            continue;
          }
        }
        this.#report(error);
        if (error instanceof VimFault && HOPELESS.has(error.fault)) return;
        await pause(clock, backoffMs(++failures, clock.random()), signal);
      }
    }
  }

  #isLost = (error: unknown): boolean => error instanceof VimFault && LOST.has(error.fault);

  /** One answer; null: the session is another one now. */
  async #look(signal: AbortSignal): Promise<UpdateSet | null> {
    const post = await this.#posted(signal);
    const call = { ...waitForUpdates(post.collector, post.version, MOST_UPDATES, WAIT_S), isAside: true };
    return this.#options.client.callWithin(post.generation, call, readUpdates, {
      ms: WAIT_S * 1000 + GRACE_MS,
      signal,
    });
  }

  async #posted(signal: AbortSignal): Promise<Post> {
    const { client, service } = this.#options;
    const { propertyCollector, viewManager, rootFolder } = service;
    while (this.#post?.generation !== client.generation || this.#post === undefined) {
      const { generation } = client;
      const view = await this.#ask(createContainerView(viewManager, rootFolder, ['VirtualMachine']), readMoref, signal);
      const collector = await this.#ask(createPropertyCollector(propertyCollector), readMoref, signal);
      await this.#ask(createFilter(collector, view, { VirtualMachine: WATCHED }), readMoref, signal);
      if (generation !== client.generation) continue;
      this.#post = { collector, view, generation, version: '', isWhole: false };
      this.#fresh = new Map();
    }
    return this.#post;
  }

  #ask<T>(call: SoapCall, reader: () => AnswerReader<T>, signal: AbortSignal): Promise<T> {
    const limit: CallLimit = { ms: CALL_MS, signal };
    return this.#options.client.call({ ...call, isAside: true }, reader, limit);
  }

  /** What an answer tells of that was not known. The first reading of all is news as far as it differs from the last. */
  #take({ version, truncated, updates }: UpdateSet): readonly Change[] {
    const post = this.#post;
    if (post === undefined) return [];
    if (version !== null) post.version = version;
    const before = this.#fresh;
    const after = new Map(before);
    for (const update of updates) {
      const { id } = update.object;
      if (update.kind === 'leave') after.delete(id);
      else after.set(id, sightAfter(update.kind === 'enter' ? UNSEEN : (after.get(id) ?? UNSEEN), update.changes));
    }
    this.#fresh = after;
    if (truncated && !post.isWhole) return [];
    post.isWhole = true;
    const known = this.#sights;
    this.#sights = after;
    return known === null ? [] : this.#differences(known, after);
  }

  #differences(before: ReadonlyMap<string, Sight>, after: ReadonlyMap<string, Sight>): readonly Change[] {
    const changes: Change[] = [];
    for (const id of new Set([...before.keys(), ...after.keys()])) {
      const what = changeOf(before.get(id), after.get(id));
      if (what !== null) changes.push({ uuid: this.#options.uuidOf(id), what });
    }
    return changes;
  }

  /** Lets go of what the server does not know any more, as far as it still does. */
  async #abandon(signal: AbortSignal): Promise<void> {
    const post = this.#post;
    this.#post = undefined;
    if (post === undefined || post.generation !== this.#options.client.generation) return;
    for (const call of [destroyPropertyCollector(post.collector), destroyView(post.view)]) {
      await this.#ask(call, readNothing, signal).catch((error: unknown) => {
        if (!(error instanceof VimFault || error instanceof EndpointError)) throw error;
      });
    }
  }

  #report(cause: unknown): void {
    const { endpoint: hypervisor, report } = this.#options;
    if (!(cause instanceof Error)) throw cause;
    const reason = cause instanceof EndpointError ? cause.code : 'refused';
    const error = cause instanceof VimFault ? new EndpointError('refused', hypervisor, cause.message, cause) : cause;
    report({ event: 'part.failed', hypervisor, kind: 'vsphere', part: 'waiting for changes', reason, error });
  }
}
