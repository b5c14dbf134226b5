import type { LogExtent, RawLog } from '../audit/audit.ts';
import type { RawMessage } from '../audit/replay.ts';
import { countPartitions } from '../kafka/admin.ts';
import type { Cluster } from '../kafka/cluster.ts';
import { openConsumer } from '../kafka/consumer.ts';
import { KafkaError } from '../kafka/kafka-error.ts';
import type { RawConsumer } from '../kafka/raw-consumer.ts';
import type { Clock } from '../runtime/clock.ts';

export const PULL_COUNT = 500;
/** A partition that has more gives something within this, unless it ends in what is no message. */
const SILENCE_US = 60e6;

/** A partition as it was found: the oldest offset, and the one after the newest. */
export interface Part {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

/** The raw topic of a configuration, read from its oldest message on, beside the group and without touching it. */
export interface RawTopic extends RawLog {
  close(): Promise<void>;
}

/** There is nothing to read. */
export const noTopic = ({ config, brokers }: Cluster): KafkaError =>
  new KafkaError(
    `there is no topic ${config.topics.raw} at ${brokers}: a collector makes it (hypermeter run, collect); is kafka.topics.raw its name?`,
  );

/** Connects; rejects with a KafkaError that names brokers and topic. */
export async function openRawTopic(cluster: Cluster): Promise<RawTopic> {
  const topic = cluster.config.topics.raw;
  const count = await countPartitions(cluster, topic);
  if (count === 0) throw noTopic(cluster);
  const consumer = await openConsumer(cluster);
  const all = Array.from({ length: count }, (_, partition) => partition);
  const first: RawMessage[] = [];
  let total: number | null = null;
  return {
    open: async () => {
      const committed = await consumer.committed(all);
      const parts = await partsOf(consumer, all);
      consumer.assign(parts.map(({ partition, low }) => ({ partition, offset: low })));
      return { since: await sinceOf(consumer, parts, first, cluster.clock.now()), delivered: deliveredOf(committed) };
    },
    messages: async function* () {
      const parts = await partsOf(consumer, all);
      total = parts.reduce((sum, { low, high }) => sum + high - low, 0);
      yield* readTo(consumer, parts, first, cluster.clock);
    },
    total: () => total,
    close: () => consumer.close(),
  };
}

export const partsOf = (consumer: RawConsumer, all: readonly number[]): Promise<readonly Part[]> =>
  Promise.all(all.map(async (partition) => ({ partition, ...(await consumer.watermarkOffsets(partition)) })));

/** Null where the group has committed nothing at all. */
function deliveredOf(committed: ReadonlyMap<number, number | null>): LogExtent['delivered'] {
  const known = [...committed].flatMap(([partition, offset]): [number, number][] =>
    offset === null ? [] : [[partition, offset]],
  );
  return known.length === 0 ? null : new Map(known);
}

/** The time from which on every partition is there; what has to be read to know it is kept in `first`. */
async function sinceOf(
  consumer: RawConsumer,
  parts: readonly Part[],
  first: RawMessage[],
  now: number,
): Promise<number> {
  const cut = parts.filter(({ low }) => low > 0);
  const asked = new Set(cut.filter(({ low, high }) => high > low).map(({ partition }) => partition));
  let since = cut.length > asked.size ? now : Number.NEGATIVE_INFINITY;
  while (asked.size > 0) {
    for (const message of await consumer.pull(PULL_COUNT)) {
      if (asked.delete(message.partition)) since = Math.max(since, message.timestampUs);
      first.push(message);
    }
  }
  return since;
}

/** Everything before the parts' ends, beginning with what is kept. */
export async function* readTo(
  consumer: RawConsumer,
  parts: readonly Part[],
  first: RawMessage[],
  clock: Clock,
): AsyncGenerator<readonly RawMessage[]> {
  const ends = new Map(parts.map(({ partition, high }) => [partition, high]));
  const open = new Set(parts.filter(({ low, high }) => high > low).map(({ partition }) => partition));
  let pulled: readonly RawMessage[] = first.splice(0);
  let heardAt = clock.monotonic();
  while (open.size > 0) {
    for (const { partition, offset } of pulled) if (offset + 1 >= (ends.get(partition) ?? 0)) open.delete(partition);
    yield pulled.filter(({ partition, offset }) => offset < (ends.get(partition) ?? 0));
    if (pulled.some(({ partition }) => open.has(partition))) heardAt = clock.monotonic();
    if (open.size > 0 && clock.monotonic() - heardAt > SILENCE_US)
      throw new KafkaError(
        `partitions ${[...open].join(', ')} of ${consumer.topic} give nothing more before their ends`,
      );
    pulled = open.size > 0 ? await consumer.pull(PULL_COUNT) : [];
  }
}
