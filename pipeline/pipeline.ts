import { from, lastValueFrom } from 'rxjs';
import type { DeadLetters } from './kafka/dead-letters.ts';
import type { RawConsumer } from './kafka/raw-consumer.ts';
import { select } from './model/meters.ts';
import type { Rules } from './model/rules.ts';
import { createDelivered } from './operators/commit.ts';
import { type Credits, createCredits } from './operators/credits.ts';
import { createOwnership } from './operators/ownership.ts';
import { type Pulled, pullOf } from './operators/pull.ts';
import type { Clock } from './runtime/clock.ts';
import type { Report } from './runtime/events.ts';
import type { Sink } from './sinks/sink.ts';
import { createMemoryStore } from './state/memory.ts';
import { topology } from './topology.ts';

export interface PipelineDeps {
  readonly consumer: RawConsumer;
  readonly deadLetters: DeadLetters;
  readonly sink: Sink;
  readonly rules: Rules;
  /** Ceilometer's meter patterns. */
  readonly meters: readonly string[];
  /** How far the log is read again for the state of a partition that is taken up. Microseconds. */
  readonly rewind: number;
  readonly clock: Clock;
  readonly report: Report;
}

export interface Pipeline {
  /** Resolves when the pipeline has stopped; rejects when it can do nothing any more. */
  readonly done: Promise<void>;
  /** Delivers and checkpoints what was read, gives the partitions back, also if it failed. The signal says that time is up. */
  stop(signal: AbortSignal): Promise<void>;
}

/** Pulls under way at once: fetched, counted, or waiting for their destinations. */
const CREDITS = 16;
const COMMIT_EVERY_US = 5e6;
const LAG_EVERY_MS = 5000;

/** Joins the consumer group and meters what the raw topic brings, until stopped. */
export function startPipeline(deps: PipelineDeps): Pipeline {
  const { consumer, deadLetters, sink, rules, meters, rewind, clock, report } = deps;
  const reading = new AbortController();
  const publishing = new AbortController();
  const ownership = createOwnership(rules);
  const credits = createCredits(CREDITS);
  const store = createMemoryStore(consumer, clock, rewind, report);
  const delivered = createDelivered(store);

  const settle = async (): Promise<void> => {
    // What was under way in a pipeline that failed never ends.
    await Promise.race([credits.idle(), done]);
    await delivered.flush();
  };
  consumer.join({
    onAssign: async (partitions) => {
      const positions = await store.acquire(partitions);
      for (const [partition, { liveFrom }] of positions) ownership.own(partition, liveFrom);
      return new Map([...positions].map(([partition, { start }]) => [partition, start]));
    },
    onRevoke: async (partitions) => {
      const given = partitions.map((partition) => ({ partition, owned: ownership.of(partition) }));
      await settle();
      await store.release(partitions);
      // Where destinations took longer than the group waits, the partition may be ours again by now, taken up anew.
      for (const { partition, owned } of given) if (ownership.of(partition) === owned) ownership.disown(partition);
    },
  });

  const metered = topology(from(pulls(consumer, credits, reading.signal)), {
    rules,
    deriveRules: { sizes: rules.windows.sizes, selection: select(meters) },
    ownership,
    credits,
    keep: (letter) => deadLetters.send(letter),
    sink,
    delivered,
    isDue: every(clock, COMMIT_EVERY_US),
    report,
    signal: publishing.signal,
  });
  const done = lastValueFrom(metered, { defaultValue: undefined }).then(() => undefined);
  void tellLag(consumer, clock, report, reading.signal);

  return {
    done,
    stop: async (signal) => {
      reading.abort(new Error('the pipeline is stopping'));
      const giveUp = (): void => publishing.abort(signal.reason);
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        await done;
        await settle();
      } finally {
        signal.removeEventListener('abort', giveUp);
        await consumer.close();
      }
    },
  };
}

/**
 * Pulls until the signal aborts, while a credit is free. A pull takes its credit in the moment it ends and not before:
 * a revocation waits for the credits, and a pull that was asked for meanwhile waits for the revocation.
 */
async function* pulls(consumer: RawConsumer, credits: Credits, signal: AbortSignal): AsyncGenerator<Pulled> {
  while (!signal.aborted) {
    await credits.free(signal).catch(() => undefined);
    if (signal.aborted) return;
    const messages = await consumer.pull().then((pulled) => {
      if (pulled.length > 0) credits.take();
      return pulled;
    });
    if (messages.length > 0) yield pullOf(messages);
  }
}

/** True the first time and then once every `us` microseconds. */
function every(clock: Clock, us: number): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.monotonic();
    if (now - last < us) return false;
    last = now;
    return true;
  };
}

async function tellLag(consumer: RawConsumer, clock: Clock, report: Report, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const slept = await clock.sleep(LAG_EVERY_MS, signal).then(
      () => true,
      () => false,
    );
    if (!slept) return;
    try {
      for (const [partition, messages] of await consumer.lag()) report({ event: 'lag', partition, messages });
    } catch (error) {
      report({
        event: 'kafka.trouble',
        client: 'lag',
        error: error instanceof Error ? error : new Error(String(error)),
      });
    }
  }
}
