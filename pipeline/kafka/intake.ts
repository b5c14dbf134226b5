import type { KafkaConsumer, Message } from 'node-rdkafka';
import { ask } from './client.ts';
import { readTraceHeaders } from './trace-headers.ts';

/** A message of the raw topic. `timestampUs` is its record's time (millisecond resolution), the broker's if the topic says so. */
export interface RawMessage {
  readonly partition: number;
  readonly offset: number;
  readonly timestampUs: number;
  readonly value: Buffer;
  /** What its headers say of the polls in it that are traced: `traceparent`s, if they are any. */
  readonly traces?: readonly string[] | undefined;
}

/**
 * Asks librdkafka for messages, one call at a time, and never for more than was wanted. Rebalances and commit outcomes
 * are served only while it is asked: `pump` does that, and keeps what comes along for the next `take`. Messages of
 * partitions that are not owned are left out.
 */
export interface Intake {
  /** Up to `count` messages; none if there were none for a moment. Rejects with librdkafka's error. */
  take(count: number): Promise<readonly RawMessage[]>;
  pump(): Promise<void>;
  /** Resolves when no call is under way. */
  settled(): Promise<void>;
  own(partitions: readonly number[]): void;
  /** Also forgets what was kept of them. */
  disown(partitions: readonly number[]): void;
  /** Forgets what was kept of a partition. */
  forget(partition: number): void;
  owned(): readonly number[];
}

export function createIntake(client: KafkaConsumer): Intake {
  const owned = new Set<number>();
  let kept: readonly RawMessage[] = [];
  let underWay: Promise<unknown> = Promise.resolve();

  const consume = (count: number): Promise<readonly Message[]> => {
    const call = underWay.then(() => ask<readonly Message[]>((done) => client.consume(count, done)));
    underWay = call.catch(() => undefined);
    return call;
  };
  const forget = (partitions: ReadonlySet<number>) => {
    kept = kept.filter(({ partition }) => !partitions.has(partition));
  };
  const ours = (messages: readonly Message[]) => messages.filter(({ partition }) => owned.has(partition)).map(raw);

  return {
    take: async (count) => {
      await underWay;
      if (kept.length > 0) {
        const first = kept.slice(0, count);
        kept = kept.slice(count);
        return first;
      }
      return ours(await consume(count));
    },
    pump: async () => {
      const messages = await consume(1);
      kept = [...kept, ...ours(messages)];
    },
    settled: async () => {
      await underWay;
    },
    own: (partitions) => {
      for (const partition of partitions) owned.add(partition);
    },
    disown: (partitions) => {
      for (const partition of partitions) owned.delete(partition);
      forget(new Set(partitions));
    },
    forget: (partition) => forget(new Set([partition])),
    owned: () => [...owned].sort((a, b) => a - b),
  };
}

const raw = ({ partition, offset, timestamp, value, headers }: Message): RawMessage => ({
  partition,
  offset,
  timestampUs: (timestamp ?? 0) * 1000,
  // A tombstone has no value; as an empty message it fails to decode and is kept as a dead letter.
  value: value ?? Buffer.alloc(0),
  traces: readTraceHeaders(headers),
});
