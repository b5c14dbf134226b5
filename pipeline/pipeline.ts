import { setMaxListeners } from 'node:events';
import { from, lastValueFrom } from 'rxjs';
import type { DeadLetters } from './kafka/dead-letters.ts';
import type { RawConsumer } from './kafka/raw-consumer.ts';
import type { DeriveRules } from './model/derive.ts';
import type { Rules } from './model/rules.ts';
import type { Sample } from './model/sample.ts';
import { type Credits, createCredits } from './operators/credits.ts';
import { createEnds, type Ends } from './operators/ends.ts';
import { createOwnership, type Owned, type Ownership } from './operators/ownership.ts';
import { type Pulled, pullOf } from './operators/pull.ts';
import { takeAnew, takeUp } from './operators/take-up.ts';
import { createUnconfirmed } from './operators/unconfirmed.ts';
import type { Clock } from './runtime/clock.ts';
import type { Report } from './runtime/events.ts';
import type { Tracing } from './runtime/tracing.ts';
import type { Delivery } from './sinks/fanout.ts';
import type { StateStore } from './state/store.ts';
import { topology } from './topology.ts';

export interface PipelineDeps {
  readonly consumer: RawConsumer;
  readonly deadLetters: DeadLetters;
  readonly delivery: Delivery;
  /** Open; whoever opened it closes it. */
  readonly store: StateStore;
  readonly rules: Rules;
  readonly deriveRules: DeriveRules;
  /** How far the log is read again for a partition whose saved state cannot be used. Microseconds. */
  readonly rewind: number;
  /** Time from one checkpoint to the next, microseconds. */
  readonly checkpointEvery: number;
  readonly clock: Clock;
  readonly report: Report;
  /** Looks at the samples that windows gave. */
  readonly watch?: ((samples: readonly Sample[]) => void) | undefined;
  readonly tracing?: Tracing | undefined;
}

export interface Pipeline {
  /** Resolves when the pipeline has stopped; rejects when it can do nothing any more. */
  readonly done: Promise<void>;
  /** The partitions that it owns at the moment, to be looked at. */
  owned(): readonly Pick<Owned, 'index' | 'partition'>[];
  /** Delivers and checkpoints what was read, gives the partitions back, also if it failed. The signal says that time is up. */
  stop(signal: AbortSignal): Promise<void>;
}

/** Pulls under way at once: fetched, counted, or waiting for their destinations. */
const CREDITS = 16;
/** So many of them wait for a checkpoint at most. */
const GATHERED = 4;
/** Finished windows that become samples at once: some five times as many. */
const MOST_WINDOWS = 5000;
/** A partition that is taken away waits so long for its destinations; what they do not have then, its next owner delivers. */
const SETTLE_MS = 3000;
/** And so long in all, which is less than the group waits: after that it may be ours again, taken up anew. */
const LET_GO_MS = 30_000;
/** A pipeline that stops waits so long for its destinations; less than the part of the stop that it has. */
const LEAVE_MS = 8000;

/** Joins the consumer group and meters what the raw topic brings, until stopped. */
export function startPipeline(deps: PipelineDeps): Pipeline {
  const { consumer, deadLetters, delivery, store, rules, deriveRules, rewind, checkpointEvery, clock, report, watch } =
    deps;
  const reading = new AbortController();
  const publishing = new AbortController();
  const { signal } = publishing;
  // Each sink waits with it, and there may be many.
  setMaxListeners(0, signal);
  const ownership = createOwnership();
  const credits = createCredits(CREDITS);
  const unconfirmed = createUnconfirmed(store, clock);
  const ends = createEnds({ ends: () => consumer.ends(), ownership, clock, report });
  const taking = { log: consumer, rules, rewind, clock, report };

  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  const startAnew = async (index: number, before: number): Promise<void> => {
    const { owned, start } = await takeAnew(taking, index, before);
    ownership.own(owned);
    await consumer.seek(index, start);
  };
  consumer.join({
    onAssign: async (partitions) => {
      const starts = new Map<number, number>();
      for (const [index, taken] of await store.take(partitions, signal)) {
        const { owned, start } = await takeUp(taking, index, taken);
        ownership.own(owned);
        starts.set(index, start);
      }
      return starts;
    },
    onRevoke: async (partitions) => {
      const timer = new AbortController();
      const timeUp = clock.sleep(LET_GO_MS, timer.signal).catch(() => undefined);
      // What was under way in a pipeline that ended or failed never ends.
      const over = done.catch(() => undefined);
      await Promise.race([credits.idle().then(() => unconfirmed.settle(SETTLE_MS, signal)), over, timeUp]);
      timer.abort();
      // From here on what is still under way counts for nothing: the partition's next owner, maybe we, reads it again.
      for (const index of partitions) {
        if (ownership.of(index) === undefined) continue;
        ownership.disown(index);
        report({ event: 'partition.released', partition: index });
      }
      await store.release(partitions, signal);
    },
  });

  const metered = topology(from(pulls(consumer, ownership, credits, ends, reading.signal)), {
    rules,
    deriveRules,
    ownership,
    credits,
    keep: (letter) => deadLetters.send(letter),
    foreign: ({ index }, offset) => {
      ownership.disown(index);
      startAnew(index, offset + 1).catch(fail);
    },
    delivery,
    watch,
    unconfirmed,
    store,
    clock,
    every: checkpointEvery,
    mostPulls: GATHERED,
    report,
    tracing: deps.tracing,
    signal,
    stopping: reading.signal,
    mostWindows: MOST_WINDOWS,
  });
  const done = Promise.race([lastValueFrom(metered, { defaultValue: undefined }).then(() => undefined), failed]);
  done.catch(() => undefined);
  void ends.watch(reading.signal);

  return {
    done,
    owned: () => [...ownership.all()],
    stop: async (stopping) => {
      reading.abort(new Error('the pipeline is stopping'));
      const giveUp = (): void => publishing.abort(stopping.reason);
      stopping.addEventListener('abort', giveUp, { once: true });
      const timer = new AbortController();
      // A destination that is away must not make a clean stop a failed one: what it lacks is delivered after the start.
      clock.sleep(LEAVE_MS, timer.signal).then(giveUp, () => undefined);
      try {
        await done;
      } finally {
        timer.abort();
        stopping.removeEventListener('abort', giveUp);
        await consumer.close();
      }
    },
  };
}

/**
 * Pulls until the signal aborts, while a credit is free. A pull takes its credit in the moment it ends and not before:
 * a revocation waits for the credits, and a pull that was asked for meanwhile waits for the revocation.
 */
async function* pulls(
  consumer: RawConsumer,
  ownership: Ownership,
  credits: Credits,
  ends: Ends,
  signal: AbortSignal,
): AsyncGenerator<Pulled> {
  while (!signal.aborted) {
    await credits.free(signal).catch(() => undefined);
    if (signal.aborted) return;
    const pull = await consumer.pull().then((messages) => {
      const pulled = pullOf(messages, ends.take(), ownership.term());
      if (messages.length === 0 && pulled.tick === null) return null;
      credits.take();
      return pulled;
    });
    if (pull !== null) yield pull;
  }
}
