import type { KafkaConsumer, TopicPartitionOffset, WatermarkOffsets } from 'node-rdkafka';
import { ask, explained, type Trouble } from './client.ts';
import type { Progress } from './watchdog.ts';

/** The oldest offset there is and the one after the newest. */
export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** Questions about a topic's offsets. They can be asked at any time, also while a rebalance is being answered. */
export interface Offsets {
  /** The group's committed offset of each partition, null where there is none. */
  committed(partitions: readonly number[]): Promise<ReadonlyMap<number, number | null>>;
  watermarkOffsets(partition: number): Promise<Extent>;
  /** The first offset whose record is not older than the time; null where all are older. */
  offsetsForTime(partitions: readonly number[], timestampUs: number): Promise<ReadonlyMap<number, number | null>>;
}

const ASK_MS = 10_000;

/** Binds the questions to a connected client. They reject with a KafkaError that names the brokers and the topic. */
export function createOffsets(client: KafkaConsumer, topic: string, brokers: string, trouble: Trouble): Offsets {
  const asked = async <T>(what: string, call: (done: (error: unknown, value?: T) => void) => void): Promise<T> => {
    try {
      return await ask(call);
    } catch (cause) {
      throw explained(`cannot read the ${what} of topic ${topic} at ${brokers}`, cause, trouble);
    }
  };
  return {
    committed: async (partitions) => {
      const which = partitions.map((partition) => ({ topic, partition }));
      const found = await asked<TopicPartitionOffset[]>('committed offsets', (done) =>
        client.committed(which, ASK_MS, done),
      );
      return known(found);
    },
    watermarkOffsets: async (partition) => {
      const found = await asked<WatermarkOffsets>('offsets', (done) =>
        client.queryWatermarkOffsets(topic, partition, ASK_MS, done),
      );
      return { low: found.lowOffset, high: found.highOffset };
    },
    offsetsForTime: async (partitions, timestampUs) => {
      const which = partitions.map((partition) => ({ topic, partition, offset: Math.floor(timestampUs / 1000) }));
      const found = await asked<TopicPartitionOffset[]>('offsets of a time', (done) =>
        client.offsetsForTimes(which, ASK_MS, done),
      );
      return known(found);
    },
  };
}

/** librdkafka says "none" with negative or missing offsets. */
const known = (found: readonly TopicPartitionOffset[]): ReadonlyMap<number, number | null> =>
  new Map(found.map(({ partition, offset }) => [partition, offset >= 0 ? offset : null]));

/** How far a client has read each of these partitions that it is assigned. */
export async function progressOf(
  client: KafkaConsumer,
  topic: string,
  partitions: readonly number[],
  offsets: Offsets,
): Promise<readonly Progress[]> {
  if (partitions.length === 0) return [];
  const positions = client.position(partitions.map((partition) => ({ topic, partition })));
  return Promise.all(
    positions.map(async ({ partition, offset }) => {
      const { low, high } = await offsets.watermarkOffsets(partition);
      return { partition, position: offset >= 0 ? offset : low, high };
    }),
  );
}
