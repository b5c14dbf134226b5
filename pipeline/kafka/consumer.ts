import type { KafkaConsumer, LibrdKafkaError, TopicPartition } from 'node-rdkafka';
import { LATE, orLate } from '../runtime/deadline.ts';
import { ask, connect, disconnect, explained, listenForTrouble, type Trouble } from './client.ts';
import type { Cluster } from './cluster.ts';
import { type Commits, createCommits, isRebalancing, type PartitionOffset } from './commits.ts';
import { consumerSettings, MAX_POLL_INTERVAL_MS } from './consumer-settings.ts';
import { createIntake, type Intake, type RawMessage } from './intake.ts';
import { KafkaError } from './kafka-error.ts';
import { rdkafka } from './native.ts';
import { createOffsets, type Extent, type Offsets, progressOf } from './offsets.ts';
import type { RawConsumer } from './raw-consumer.ts';
import {
  answerBare,
  ERR_ASSIGN_PARTITIONS,
  ERR_REVOKE_PARTITIONS,
  finish,
  giveBack,
  type Membership,
  type RebalanceDeps,
  takeOn,
} from './rebalance.ts';
import { followStanding, type Standing } from './standing.ts';
import { createTurns } from './turns.ts';
import { keepWatch } from './watch.ts';
import { type Standstill, standingStill } from './watchdog.ts';

const PULL_COUNT = 32;
const CONSUME_TIMEOUT_MS = 25;
/** Longest that an owner may take to give partitions back or take them on. */
const REBALANCE_BUDGET_MS = 0.2 * MAX_POLL_INTERVAL_MS;
const COMMIT_TIMEOUT_MS = 15_000;
const COMMIT_AGAIN_MS = 100;
/** Nothing came of the group in so many calls one after the other: it has been left. */
const QUIET_PUMPS = 2;
const SEEK_TIMEOUT_MS = 15_000;
const STANDSTILL_US = 60_000_000;
const ERROR_PAUSE_MS = 200;
const CLOSE_MS = 10_000;

const ERR_FATAL = -150;

/** Opens a consumer of the configured group. Rejects with a KafkaError that names the brokers and what to do. */
export async function openConsumer(cluster: Cluster, topic = cluster.config.topics.raw): Promise<RawConsumer> {
  const consumer = new Consumer(cluster, topic);
  await consumer.open();
  return consumer;
}

class Consumer implements RawConsumer {
  readonly topic: string;
  readonly #cluster: Cluster;
  readonly #client: KafkaConsumer;
  readonly #trouble: Trouble;
  readonly #intake: Intake;
  readonly #commits: Commits;
  readonly #inTurn = createTurns();
  readonly #stopped = new AbortController();
  readonly #standstills = new Map<number, Standstill>();
  readonly #offsets: Offsets;
  readonly #standing: Standing;
  #owner: Membership | null = null;
  #failure: KafkaError | null = null;
  #pulledAt = 0;
  #paused = false;
  #closed: Promise<void> | null = null;
  /** How many there were. */
  #rebalances = 0;

  constructor(cluster: Cluster, topic: string) {
    this.#cluster = cluster;
    this.topic = topic;
    this.#commits = createCommits((offsets) => this.#client.commit(offsets), topic, cluster.config.group);
    this.#client = new (rdkafka().KafkaConsumer)(
      consumerSettings(cluster, {
        onRebalance: (error, assignment) => this.#onRebalance(error, assignment),
        onCommit: (error, offsets) => this.#commits.settle(error, offsets),
      }),
      { 'auto.offset.reset': 'earliest' },
    );
    this.#client.setDefaultConsumeTimeout(CONSUME_TIMEOUT_MS);
    this.#trouble = listenForTrouble(this.#client, this.#name, cluster);
    this.#standing = followStanding(this.#client);
    this.#intake = createIntake(this.#client);
    this.#offsets = createOffsets(this.#client, topic, cluster.brokers, this.#trouble);
  }

  get #name(): string {
    return `consumer of ${this.topic}`;
  }

  async open(): Promise<void> {
    await connect(this.#client, this.#cluster, this.#cluster, this.#trouble);
    this.#pulledAt = this.#cluster.clock.monotonic();
    const trouble = (error: unknown) => this.#tell(error);
    const pulledAt = () => this.#pulledAt;
    const stop = this.#stopped.signal;
    const { clock } = this.#cluster;
    keepWatch({ clock, stop, pulledAt, idle: () => this.#idle(), check: () => this.#wake(), trouble }).catch(trouble);
  }

  join(owner: Membership): void {
    this.#owner = owner;
    this.#client.subscribe([this.topic]);
  }

  assign(starts: readonly PartitionOffset[]): void {
    this.#client.assign(starts.map(({ partition, offset }) => ({ topic: this.topic, partition, offset })));
    this.#intake.own(starts.map(({ partition }) => partition));
  }

  pull(count = PULL_COUNT): Promise<readonly RawMessage[]> {
    return this.#inTurn(async () => {
      if (this.#failure) throw this.#failure;
      if (this.#closed) return [];
      this.#resume();
      const messages = await this.#orTrouble(this.#intake.take(count), []);
      this.#pulledAt = this.#cluster.clock.monotonic();
      return messages;
    });
  }

  async commit(offsets: readonly PartitionOffset[]): Promise<void> {
    if (offsets.length === 0) return;
    const { clock } = this.#cluster;
    const deadline = clock.monotonic() + COMMIT_TIMEOUT_MS * 1000;
    for (;;) {
      try {
        return await this.#commitOnce(offsets, deadline);
      } catch (error) {
        if (!isRebalancing(error) || clock.monotonic() >= deadline) throw error;
        await clock.sleep(COMMIT_AGAIN_MS);
      }
    }
  }

  async #commitOnce(offsets: readonly PartitionOffset[], deadline: number): Promise<void> {
    const { clock } = this.#cluster;
    let answered = false;
    const outcome = this.#commits.commit(offsets).finally(() => {
      answered = true;
    });
    outcome.catch(() => undefined);
    await this.#intake.settled();
    while (!answered && clock.monotonic() < deadline) await this.#orTrouble(this.#intake.pump(), undefined);
    if (!answered)
      throw new KafkaError(
        `group ${this.#cluster.config.group} at ${this.#cluster.brokers} did not answer a commit within ${COMMIT_TIMEOUT_MS} ms`,
      );
    await outcome;
  }

  seek(partition: number, offset: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#intake.settled();
      this.#intake.forget(partition);
      await this.#goTo(partition, offset);
    });
  }

  committed = (partitions: readonly number[]) => this.#offsets.committed(partitions);
  watermarkOffsets = (partition: number): Promise<Extent> => this.#offsets.watermarkOffsets(partition);
  offsetsForTime = (partitions: readonly number[], timestampUs: number) =>
    this.#offsets.offsetsForTime(partitions, timestampUs);
  owned = (): readonly number[] => this.#intake.owned();

  async ends(): Promise<ReadonlyMap<number, number>> {
    const extents = this.owned().map(async (partition) => {
      const { high } = await this.#offsets.watermarkOffsets(partition);
      return [partition, high] as const;
    });
    return new Map(await Promise.all(extents));
  }

  close(deadlineMs = CLOSE_MS): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<void> {
    const { clock } = this.#cluster;
    const deadline = clock.monotonic() + deadlineMs * 1000;
    const owner = this.#owner;
    this.#stopped.abort();
    const leave = this.#inTurn(async () => {
      await this.#intake.settled();
      if (owner && !this.#failure) await finish(this.owned(), owner, { ...this.#deps(), budgetMs: deadlineMs });
      this.#intake.disown(this.owned());
    });
    if ((await orLate(clock, deadlineMs, leave, (error) => this.#tell(error))) === LATE)
      this.#tell(`giving partitions back took longer than ${deadlineMs} ms`);
    this.#commits.abandon(new KafkaError(`${this.#name} was closed before a commit was answered`));
    if (owner && !this.#failure) await this.#leave(deadline).catch((error: unknown) => this.#tell(error));
    // Leaving the group needs a little time of its own, also when the owner has used up what there was.
    const restMs = Math.max(1000, (deadline - clock.monotonic()) / 1000);
    await disconnect(this.#client, this.#name, restMs, this.#cluster);
  }

  /**
   * Leaves the group while rebalances can be answered. One that comes when the client is closing cannot be: closing would
   * wait for the answer in vain. Neither can librdkafka leave while it joins: of the answer that gives it an id it knows
   * nothing any more, and in a rebalance it unsubscribes only when that is over. In each case the whole group would wait
   * for as long as a member that has died may be silent. A static member stays for that long, to be back under its name:
   * librdkafka leaves when it unsubscribes, and not when it is closed.
   */
  async #leave(deadline: number): Promise<void> {
    const { clock } = this.#cluster;
    do await this.#intake.pump();
    while (this.#standing.isJoining() && clock.monotonic() < deadline);
    if (this.#cluster.config.groupInstance !== undefined) return;
    this.#client.unsubscribe();
    const hasLeft = (): boolean => this.#standing.isOutside() && this.#client.assignments().length === 0;
    for (let quiet = 0; quiet < QUIET_PUMPS && clock.monotonic() < deadline; ) {
      const before = this.#rebalances;
      await this.#intake.pump();
      quiet = this.#rebalances === before && hasLeft() ? quiet + 1 : 0;
    }
  }

  /** librdkafka waits for the answer, for ever if need be: every path through here ends in one. */
  #onRebalance(error: LibrdKafkaError, assignment: readonly TopicPartition[]): void {
    const partitions = assignment.map(({ partition }) => partition);
    this.#rebalances++;
    const owner = this.#owner;
    if (this.#closed || this.#failure || owner === null) {
      answerBare(error, assignment, this.#deps());
      return;
    }
    void this.#inTurn(async () => {
      if (this.#closed) answerBare(error, assignment, this.#deps());
      else if (error.code === ERR_ASSIGN_PARTITIONS) await takeOn(partitions, owner, this.#deps());
      else if (error.code === ERR_REVOKE_PARTITIONS) await giveBack(partitions, owner, this.#deps());
      else {
        this.#client.unassign();
        throw new KafkaError(`rebalance failed: ${error.message}`, { cause: error });
      }
      if (this.#paused) this.#pause();
    }).catch((cause: unknown) => {
      this.#failure = cause instanceof KafkaError ? cause : new KafkaError(String(cause), { cause });
      this.#tell(this.#failure);
    });
  }

  /** Keeps the membership while nobody pulls; what was fetched already waits, paused. */
  #idle(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#paused) this.#pause();
      await this.#orTrouble(this.#intake.pump(), undefined);
    });
  }

  /** Fetches anew where a partition has messages and gives none. */
  async #wake(): Promise<void> {
    const progress = await progressOf(this.#client, this.topic, this.owned(), this.#offsets);
    const now = this.#cluster.clock.monotonic();
    for (const { partition, position, high } of standingStill(this.#standstills, progress, now, STANDSTILL_US))
      await this.#inTurn(async () => {
        await this.#intake.settled();
        // A message that came after all must not be read twice.
        const [still] = this.#client.position([{ topic: this.topic, partition }]);
        if (still?.offset !== position) return;
        this.#tell(`partition ${partition} stands at offset ${position} of ${high} for a minute: fetching anew`);
        await this.#goTo(partition, position);
      });
  }

  async #goTo(partition: number, offset: number): Promise<void> {
    try {
      await ask<void>((done) => this.#client.seek({ topic: this.topic, partition, offset }, SEEK_TIMEOUT_MS, done));
    } catch (cause) {
      throw explained(`cannot go to offset ${offset} of partition ${partition} of ${this.topic}`, cause, this.#trouble);
    }
  }

  #pause(): void {
    this.#paused = true;
    this.#client.pause(this.owned().map((partition) => ({ topic: this.topic, partition })));
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#client.resume(this.owned().map((partition) => ({ topic: this.topic, partition })));
  }

  /** librdkafka recovers from all but fatal errors by itself; they are told, and asking again too fast is prevented. */
  async #orTrouble<T>(work: Promise<T>, instead: T): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      const fatal = this.#trouble.fatal() || (cause as { code?: unknown }).code === ERR_FATAL;
      const error = explained(`cannot read topic ${this.topic} at ${this.#cluster.brokers}`, cause, this.#trouble);
      if (fatal) {
        this.#failure = new KafkaError(error.message, { cause, fatal });
        throw this.#failure;
      }
      this.#tell(error);
      await this.#cluster.clock.sleep(ERROR_PAUSE_MS);
      return instead;
    }
  }

  #deps(): RebalanceDeps {
    const { clock } = this.#cluster;
    const trouble = (error: KafkaError) => this.#tell(error);
    return {
      client: this.#client,
      topic: this.topic,
      intake: this.#intake,
      clock,
      budgetMs: REBALANCE_BUDGET_MS,
      trouble,
    };
  }

  #tell(what: unknown): void {
    const error = what instanceof KafkaError ? what : new KafkaError(`${this.#name}: ${String(what)}`, { cause: what });
    this.#cluster.report({ event: 'kafka.trouble', client: this.#name, error });
  }
}
