import { countPartitions } from '../kafka/admin.ts';
import type { Cluster } from '../kafka/cluster.ts';
import { openConsumer } from '../kafka/consumer.ts';
import type { RawMessage } from '../kafka/intake.ts';
import type { RawConsumer } from '../kafka/raw-consumer.ts';
import type { Clock } from '../runtime/clock.ts';
import { interruptOf } from './interrupt.ts';
import { noTopic, type Part, PULL_COUNT, partsOf, readTo } from './raw-topic.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** A stretch of the raw topic, read beside all groups. */
export interface Tail {
  readonly consumer: RawConsumer;
  /** Messages recorded since the time, up to what is there now; more than will come where the brokers find none by time. */
  readonly total: number;
  /** Of the partitions that are read, those of which older messages than asked for may be gone: the topic begins within. */
  readonly cut: ReadonlySet<number>;
  /** There are, or were, messages before those that are read. */
  readonly beginsLate: boolean;
  messages(): AsyncIterable<readonly RawMessage[]>;
  /** What is recorded after that, without end; empty where there was nothing for a moment. */
  follow(): AsyncIterable<readonly RawMessage[]>;
  /** Whether everything that is there has been given. */
  isAtEnd(): Promise<boolean>;
}

export interface Stretch {
  /** Record times, microseconds: from the first at or after `since` to the last before or at `until`. */
  readonly since: number;
  readonly until?: number;
  /** Only these; without it all. Given how many there are. */
  readonly only?: (partitions: number) => readonly number[];
}

/** How long the newest messages are waited for, to know of what time they are. */
const NEWEST_US = 3e6;

/** How often it is looked whether a topic is there that is waited for. Milliseconds. */
const AGAIN_MS = 1000;

/** Waits until a collector has made the raw topic, and says so. Rejects with a KafkaError, also if it is interrupted. */
export async function awaitTopic(cluster: Cluster, terminal: Terminal): Promise<void> {
  const topic = cluster.config.topics.raw;
  const isThere = async (): Promise<boolean> => (await countPartitions(cluster, topic)) > 0;
  if (await isThere()) return;
  await writeLine(
    terminal.stderr,
    `there is no topic ${topic} at ${cluster.brokers} yet: waiting for a collector to make it`,
  );
  const interrupt = interruptOf(terminal);
  try {
    do {
      if (interrupt.isOver()) throw noTopic(cluster);
      await cluster.clock.sleep(AGAIN_MS);
    } while (!(await isThere()));
  } finally {
    interrupt.release();
  }
}

/** Rejects with a KafkaError, and has closed what it opened. */
export async function openTail(cluster: Cluster, stretch: Stretch): Promise<Tail> {
  const topic = cluster.config.topics.raw;
  const count = await countPartitions(cluster, topic);
  if (count === 0) throw noTopic(cluster);
  const consumer = await openConsumer(cluster);
  try {
    return await tailOf(consumer, count, stretch, cluster.clock);
  } catch (error) {
    await consumer.close();
    throw error;
  }
}

async function tailOf(
  consumer: RawConsumer,
  count: number,
  { since, until, only }: Stretch,
  clock: Clock,
): Promise<Tail> {
  const all = only?.(count) ?? Array.from({ length: count }, (_, partition) => partition);
  // librdkafka takes no time before 1970.
  const offsets = await consumer.offsetsForTime(all, Math.max(0, since));
  const found = await partsOf(consumer, all);
  const ends = until === undefined ? new Map() : await consumer.offsetsForTime(all, Math.max(0, until + 1));
  const parts = found.map(({ partition, low, high }) => {
    const offset = offsets.get(partition) ?? null;
    const first = Math.max(low, offset ?? high - 1);
    return { partition, low: first, high: ends.get(partition) ?? high, isUnsure: offset === null && high > low };
  });
  consumer.assign(parts.map(({ partition, low }) => ({ partition, offset: low })));
  const oldest = new Map(found.map(({ partition, low }) => [partition, low]));
  const first = await firstOf(consumer, parts, clock, since, (partition) => oldest.get(partition) ?? 0);
  const cut = parts.filter(({ partition, low }) => low > 0 && low === oldest.get(partition));
  const next = new Map(parts.map(({ partition, low }) => [partition, low]));
  return {
    consumer,
    total: parts.reduce((sum, { low, high }) => sum + Math.max(0, high - low), 0),
    beginsLate: parts.some(({ low }) => low > 0),
    cut: new Set(cut.map(({ partition }) => partition)),
    messages: () => noted(next, withoutLater(readTo(consumer, parts, first, clock), parts, until)),
    follow: () => noted(next, pulls(consumer)),
    isAtEnd: async () => [...(await consumer.ends())].every(([partition, end]) => (next.get(partition) ?? 0) >= end),
  };
}

interface Beginning extends Part {
  low: number;
  readonly isUnsure: boolean;
}

/**
 * Where all messages are said to be older than that, the newest is looked at: not every broker finds offsets by time
 * (the embedded one does not), and then everything is read. Resolves with what was read on the way.
 */
async function firstOf(
  consumer: RawConsumer,
  parts: readonly Beginning[],
  clock: Clock,
  sinceUs: number,
  oldest: (partition: number) => number,
): Promise<RawMessage[]> {
  const unsure = new Map(parts.filter(({ isUnsure }) => isUnsure).map((part) => [part.partition, part]));
  const first: RawMessage[] = [];
  const until = clock.monotonic() + NEWEST_US;
  while (unsure.size > 0 && clock.monotonic() < until) {
    for (const message of await consumer.pull(PULL_COUNT)) {
      const part = unsure.get(message.partition);
      unsure.delete(message.partition);
      if (!part) first.push(message);
      else if (message.timestampUs < sinceUs) part.low = part.high;
      else {
        part.low = oldest(part.partition);
        await consumer.seek(part.partition, part.low);
      }
    }
  }
  for (const part of unsure.values()) part.low = part.high;
  return first;
}

async function* pulls(consumer: RawConsumer): AsyncGenerator<readonly RawMessage[]> {
  for (;;) yield await consumer.pull(PULL_COUNT);
}

/** Notes which offset of each partition comes next. */
async function* noted(
  next: Map<number, number>,
  messages: AsyncIterable<readonly RawMessage[]>,
): AsyncGenerator<readonly RawMessage[]> {
  for await (const pulled of messages) {
    for (const { partition, offset } of pulled) next.set(partition, offset + 1);
    yield pulled;
  }
}

/** Leaves out what was recorded later, and ends when every partition has come to that or to its end. */
async function* withoutLater(
  messages: AsyncIterable<readonly RawMessage[]>,
  parts: readonly Part[],
  until = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly RawMessage[]> {
  const open = new Map(parts.filter(({ low, high }) => low < high).map(({ partition, high }) => [partition, high]));
  for await (const pulled of messages) {
    yield pulled.filter(({ timestampUs }) => timestampUs <= until);
    for (const { partition, offset, timestampUs } of pulled) {
      if (timestampUs > until || offset + 1 >= (open.get(partition) ?? 0)) open.delete(partition);
    }
    if (open.size === 0) return;
  }
}
