import { ensureTopic } from './admin.ts';
import type { Cluster } from './cluster.ts';
import { openProducer } from './producer.ts';

/** A message of the raw topic that could not be read, and why. */
export interface DeadLetter {
  readonly value: Buffer;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
}

/**
 * Keeps unreadable messages: the original bytes, with their source in the headers `source.topic`, `source.partition`,
 * `source.offset` and `reason`. `send` resolves when Kafka has it and rejects with a KafkaError.
 */
export interface DeadLetters {
  send(letter: DeadLetter): Promise<void>;
  close(): Promise<void>;
}

/** Opens the dead letter topic of the configuration, creating it with one partition if it is not there. */
export async function openDeadLetters(cluster: Cluster): Promise<DeadLetters> {
  const { topics, replication } = cluster.config;
  await ensureTopic(cluster, { name: topics.deadLetters, partitions: 1, replication });
  const producer = await openProducer(cluster, topics.deadLetters);
  return {
    send: ({ value, partition, offset, reason }) => {
      const headers = {
        'source.topic': topics.raw,
        'source.partition': String(partition),
        'source.offset': String(offset),
        reason,
      };
      return producer.send([{ partition: partition % producer.partitions, value, headers }]);
    },
    close: () => producer.close(),
  };
}
