import type { KafkaConsumer, LibrdKafkaError, TopicPartition, TopicPartitionOffset } from 'node-rdkafka';
import type { Cluster } from './cluster.ts';
import { LOGS_JOINING } from './standing.ts';

/** How long a consumer may not be polled before its group takes its partitions away. */
export const MAX_POLL_INTERVAL_MS = 300_000;

/** librdkafka's calls back, which only a function in the settings can take. */
export interface Callbacks {
  readonly onRebalance: (this: KafkaConsumer, error: LibrdKafkaError, assignment: TopicPartition[]) => void;
  readonly onCommit: (error: LibrdKafkaError, offsets: TopicPartitionOffset[]) => void;
}

/** Bounded queues, explicit commits, partitions handed over one by one. */
export const consumerSettings = (cluster: Cluster, { onRebalance, onCommit }: Callbacks): object => ({
  'queued.max.messages.kbytes': 16_384,
  'queued.min.messages': 1000,
  'fetch.message.max.bytes': 1_048_576,
  // The default of a second makes a bounded queue run dry between fetches.
  'fetch.queue.backoff.ms': 20,
  'fetch.wait.max.ms': 100,
  'max.poll.interval.ms': MAX_POLL_INTERVAL_MS,
  ...cluster.settings,
  debug: [cluster.settings.debug, LOGS_JOINING].filter(Boolean).join(),
  'group.id': cluster.config.group,
  ...(cluster.config.groupInstance === undefined ? {} : { 'group.instance.id': cluster.config.groupInstance }),
  'enable.auto.commit': false,
  'enable.auto.offset.store': false,
  'isolation.level': 'read_committed',
  'partition.assignment.strategy': 'cooperative-sticky',
  rebalance_cb: onRebalance,
  offset_commit_cb: onCommit,
});
