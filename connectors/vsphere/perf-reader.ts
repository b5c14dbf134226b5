import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import type { Budget } from '../patience.ts';
import { halvesOf, type PerfTarget, partsOf, planBatches, Throttle } from './batches.ts';
import { type Client, HttpStatusError } from './client.ts';
import { isPhysicalNic } from './layout.ts';
import { queryPerf } from './methods.ts';
import { type EntitySamples, readPerf } from './perf-answer.ts';
import { type Moref, VimFault } from './protocol.ts';
import type { Turns } from './turns.ts';

export interface PerfReaderOptions {
  readonly endpoint: string;
  readonly client: Pick<Client, 'call'>;
  readonly clock: Clock;
  readonly perfManager: Moref;
  readonly batch: { readonly entities: number; readonly metrics: number };
  readonly concurrency: number;
  readonly turns: Turns;
  /** Told of an entity, or of several that were asked together, whose samples could not be read. */
  readonly onFailure: (entities: readonly string[], reason: PerfFailure, error: Error) => void;
}

/** The object is gone, the server refuses it or answers nonsense, too much was asked of it, or there was no time. */
export type PerfFailure = 'gone' | 'refused' | 'overload' | 'timeout' | 'lost';

/** In one answer: 250 entities with 22 series each and the whole hour (180 samples); 7 MB, 25 in the longer form. */
const MOST_VALUES = 1_000_000;
/** Calls in a poll that are there only because others failed. */
const MOST_SPLITS = 32;
/** An entity that alone cannot be read is left out for so long. */
const LEFT_OUT_US = 60_000_000;
/** One that was too slow is asked alone for so long after that, unless it answers. */
const ALONE_US = 600_000_000;

interface LeftOut {
  /** Monotonic, microseconds. */
  readonly until: number;
  readonly isSlow: boolean;
}

/** What came of a reading. */
export interface PerfRead {
  /** Ids of all that were asked in calls that were answered. */
  readonly answered: ReadonlySet<string>;
  /** How many were left for the next poll, as there was no time. */
  readonly postponed: number;
}

/** The state of one reading. */
interface Round {
  readonly queue: (readonly PerfTarget[])[];
  readonly budget: Budget;
  readonly take: (samples: EntitySamples, target: PerfTarget) => void;
  splits: number;
  /** A call asked for too much at once. */
  tooMuch: boolean;
  postponed: number;
  /** Ids of entities. */
  readonly answered: Set<string>;
  /** Why nothing more is to be asked. */
  broken: Error | undefined;
  failure: Error | undefined;
}

/**
 * Reads samples in bulk: as few calls as the limits allow, a few of them at once. What cannot be read in one call is
 * read in two, down to the one entity that is to blame, which is then left out for a minute.
 */
export class PerfReader {
  readonly #options: PerfReaderOptions;
  readonly #throttle: Throttle;
  readonly #leftOut = new Map<string, LeftOut>();

  constructor(options: PerfReaderOptions) {
    this.#options = options;
    this.#throttle = new Throttle({ ...options.batch, values: MOST_VALUES });
  }

  /**
   * Hands over what the answers say of each entity. Rejects only if there is not one answer, or when the poll is ended;
   * what could not be read is told to `onFailure`. What there is no time for is left for the next poll, where who has
   * waited longest comes first.
   */
  async read(
    vms: readonly PerfTarget[],
    hosts: readonly PerfTarget[],
    budget: Budget,
    take: (samples: EntitySamples, target: PerfTarget) => void,
  ): Promise<PerfRead> {
    const { share } = this.#throttle;
    this.#options.turns.begin();
    const planned = this.#plan(vms, hosts);
    const round: Round = {
      queue: [...planned],
      budget,
      take,
      splits: 0,
      tooMuch: false,
      postponed: 0,
      answered: new Set(),
      broken: undefined,
      failure: undefined,
    };
    const workers = Math.min(this.#options.concurrency, planned.length);
    await Promise.all(Array.from({ length: workers }, () => this.#work(round)));
    if (round.answered.size === 0 && round.failure) {
      // Whom nobody is any better than is not to blame.
      for (const batch of planned) for (const { entity } of batch) this.#leftOut.delete(entity.id);
      if (!isExcess(round.failure)) this.#throttle.halveOnceFrom(share);
      throw round.failure;
    }
    if (!round.tooMuch && round.answered.size > 0) this.#throttle.recover();
    return { answered: round.answered, postponed: round.postponed };
  }

  /** The calls of a poll: those that wait longest first, hosts with them; each that was too slow last and by itself. */
  #plan(vms: readonly PerfTarget[], hosts: readonly PerfTarget[]): readonly (readonly PerfTarget[])[] {
    const { clock, turns } = this.#options;
    const now = clock.monotonic();
    for (const [id, { until, isSlow }] of this.#leftOut)
      if (until + (isSlow ? ALONE_US : 0) <= now) this.#leftOut.delete(id);
    const isAsked = ({ entity }: PerfTarget): boolean => !this.#leftOut.has(entity.id);
    const isBack = ({ entity }: PerfTarget): boolean => (this.#leftOut.get(entity.id)?.until ?? now + 1) <= now;
    const turnOf = (batch: readonly PerfTarget[]): number =>
      batch.reduce((first, { entity }) => Math.min(first, turns.of(entity.id)), Number.POSITIVE_INFINITY);
    const together = planBatches(vms.filter(isAsked), hosts.filter(isAsked), this.#throttle.limit);
    const inTurn = together
      .map((batch) => ({ batch, turn: turnOf(batch) }))
      .sort((one, other) => one.turn - other.turn)
      .map(({ batch }) => batch);
    return [...inTurn, ...[...vms, ...hosts].filter(isBack).map((target) => [target])];
  }

  async #work(round: Round): Promise<void> {
    for (let batch = round.queue.shift(); batch !== undefined; batch = round.queue.shift()) {
      if (round.broken) this.#fail(round, batch, 'lost', round.broken);
      else if (!round.budget.hasTime()) this.#postpone(round, batch);
      // It was planned before another was too much. Hosts that ride along make no difference.
      else if (batch.length > 2 * this.#throttle.limit.entities)
        round.queue.unshift(...partsOf(batch, this.#throttle.limit.entities));
      else await this.#ask(round, batch);
    }
  }

  async #ask(round: Round, batch: readonly PerfTarget[]): Promise<void> {
    const { client, perfManager } = this.#options;
    const targets = new Map(batch.map((target) => [target.entity.id, target]));
    const skips = (entity: string, instance: string): boolean =>
      isPhysicalNic(instance) && targets.get(entity)?.layout.kind === 'vm';
    // What is whole is taken at once: kept, it would cost more than being read. If the answer breaks off, who is in it is
    // asked again, and the later word counts.
    const take = (samples: EntitySamples): void => {
      const target = targets.get(samples.entity);
      if (target) round.take(samples, target);
    };
    const reader = () => readPerf(take, batch.length, skips);
    const limit = round.budget.limit();
    for (const id of targets.keys()) this.#options.turns.ask(id);
    try {
      await client.call(queryPerf(perfManager, batch), reader, limit);
    } catch (error) {
      if (limit.signal.aborted) {
        this.#throttle.halve(batch.length);
        throw error;
      }
      this.#recover(round, batch, error);
      return;
    }
    for (const id of targets.keys()) {
      round.answered.add(id);
      this.#leftOut.delete(id);
    }
  }

  /** Decides what becomes of a batch that failed: asked again without the culprit, or in halves, or given up. */
  #recover(round: Round, batch: readonly PerfTarget[], cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    round.failure ??= error;
    const named = error instanceof VimFault ? batch.find(({ entity }) => entity.id === error.about) : undefined;
    const rest = batch.filter((target) => target !== named);
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    if (isTooMuch(reason)) {
      round.tooMuch ||= batch.length > 1;
      if (isExcess(error)) this.#throttle.exceed(batch.length);
      else this.#throttle.halve(batch.length);
    }
    if (isHopeless(error)) {
      round.broken = error;
      this.#fail(round, batch, reason, error);
    } else if (named && rest.length > 0) {
      this.#exclude(round, named, reason, error);
      this.#again(round, [rest], reason, error);
    } else if (batch.length > 1) this.#again(round, halvesOf(batch), reason, error);
    else for (const target of batch) this.#exclude(round, target, reason, error);
  }

  #again(round: Round, batches: readonly (readonly PerfTarget[])[], reason: PerfFailure, error: Error): void {
    round.splits++;
    // First, so that what is left of a batch is not what time runs out for.
    if (round.splits <= MOST_SPLITS) round.queue.unshift(...batches);
    else for (const batch of batches) this.#fail(round, batch, reason, error);
  }

  #exclude(round: Round, target: PerfTarget, reason: PerfFailure, error: Error): void {
    const until = this.#options.clock.monotonic() + LEFT_OUT_US;
    this.#leftOut.set(target.entity.id, { until, isSlow: isTooMuch(reason) });
    this.#fail(round, [target], reason, error);
  }

  /** No failure of the poll, though it is told: the next one asks for the same samples, and a new session would not be faster. */
  #postpone(round: Round, batch: readonly PerfTarget[]): void {
    round.postponed += batch.length;
    // Catching up may take several polls.
    const late = batch.filter(({ isBehind }) => !isBehind);
    if (late.length === 0) return;
    const words = 'no time was left for its statistics: the inventory, or others, took all of it';
    this.#tell(late, 'timeout', new EndpointError('timeout', this.#options.endpoint, words));
  }

  #fail(round: Round, batch: readonly PerfTarget[], reason: PerfFailure, error: Error): void {
    round.failure ??= error;
    this.#tell(batch, reason, error);
  }

  #tell(batch: readonly PerfTarget[], reason: PerfFailure, error: Error): void {
    const entities = batch.map(({ entity }) => entity.id);
    this.#options.onFailure(entities, reason, error);
  }
}

const isTooMuch = (reason: PerfFailure): boolean => reason === 'overload' || reason === 'timeout';

/** Nobody answers, or not us: asking for less does not help. */
const isHopeless = (error: Error): boolean =>
  (error instanceof EndpointError && (error.code === 'unreachable' || error.code === 'refused')) ||
  (error instanceof HttpStatusError && error.status < 500) ||
  (error instanceof VimFault && (error.fault === 'NotAuthenticated' || error.fault === 'InvalidLogin'));

/** What a server's XML parser says of a request with more elements than it takes; the fault has no name. */
const TOO_LONG = /element count exceeds/i;

/** The server says that it was asked for more than it takes at once. */
const isExcess = (error: Error): boolean =>
  error instanceof VimFault && (error.fault === 'RestrictedByAdministrator' || TOO_LONG.test(error.message));

/** Undefined: a fault of ours. */
function reasonOf(error: Error): PerfFailure | undefined {
  if (error instanceof VimFault) {
    if (error.fault === 'ManagedObjectNotFound') return 'gone';
    return isExcess(error) ? 'overload' : 'refused';
  }
  if (error instanceof HttpStatusError && error.status >= 500) return 'overload';
  if (!(error instanceof EndpointError)) return undefined;
  if (error.code === 'timeout') return 'timeout';
  // An answer that is too long, or cut: half of it may be none of either.
  return error.code === 'lost' ? 'lost' : 'refused';
}
