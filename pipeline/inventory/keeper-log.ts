import { ensureTopic } from '../kafka/admin.ts';
import type { Cluster } from '../kafka/cluster.ts';
import { readCompacted } from '../kafka/compacted.ts';
import { openConsumer } from '../kafka/consumer.ts';
import { KafkaError } from '../kafka/kafka-error.ts';
import { openProducer } from '../kafka/producer.ts';
import type { KeeperLog } from './keeper.ts';

const CLOSE_MS = 8000;

export interface KeeperTopics {
  readonly topic: string;
  readonly group: string;
  /** Of the raw topic; the inventory topic is cut into as many. */
  readonly partitions: number;
}

/** Connects to both topics, making the inventory topic if it is not there. Rejects with a KafkaError. */
export async function openKeeperLog(cluster: Cluster, { topic, group, partitions }: KeeperTopics): Promise<KeeperLog> {
  const { replication } = cluster.config;
  const found = await ensureTopic(cluster, { name: topic, partitions, replication, compacted: true });
  if (found !== partitions)
    throw new KafkaError(
      `topic ${topic} at ${cluster.brokers} has ${found} partitions and ${cluster.config.topics.raw} has ${partitions}: delete it, it is made anew from the raw topic`,
    );
  const producer = await openProducer(cluster, topic);
  try {
    const consumer = await openConsumer({ ...cluster, config: { ...cluster.config, group } });
    return {
      consumer,
      readBack: (some, onWritten) =>
        readCompacted(cluster, topic, some, ({ partition, ...written }) => onWritten(partition, written)),
      write: (messages) => producer.send(messages),
      close: async () => {
        await consumer.close(CLOSE_MS);
        await producer.close();
      },
    };
  } catch (error) {
    await producer.close();
    throw error;
  }
}
