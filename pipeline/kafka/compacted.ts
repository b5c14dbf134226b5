import type { KafkaConsumer, Message } from 'node-rdkafka';
import { ask, connect, disconnect, explained, listenForTrouble } from './client.ts';
import type { Cluster } from './cluster.ts';
import { rdkafka } from './native.ts';

/** A message of a compacted topic. `value` null: the key is no more. */
export interface Keyed {
  readonly partition: number;
  readonly key: string;
  readonly value: Buffer | null;
  /** Of the record, microseconds. */
  readonly timestampUs: number;
}

const PULL_COUNT = 500;
const CONSUME_MS = 50;
const CLOSE_MS = 5000;
/** RD_KAFKA_OFFSET_BEGINNING */
const OLDEST = -2;
/** An end that is not announced for so long never will be. */
const SILENCE_US = 30e6;

/**
 * Reads partitions of a compacted topic from their oldest message to their ends, with no group. The newest of a key may
 * come after older ones. Resolves when all was given to `onMessage`; rejects with a KafkaError.
 */
export async function readCompacted(
  cluster: Cluster,
  topic: string,
  partitions: readonly number[],
  onMessage: (message: Keyed) => void,
): Promise<void> {
  if (partitions.length === 0) return;
  const name = `reader of ${topic}`;
  const client = new (rdkafka().KafkaConsumer)(
    {
      'queued.max.messages.kbytes': 16_384,
      ...cluster.settings,
      // librdkafka wants one; nothing is committed in it, and it is not joined.
      'group.id': `${cluster.config.group}.readers`,
      'enable.auto.commit': false,
      'isolation.level': 'read_committed',
      // The end is not where the newest message is, once compaction has taken that.
      'enable.partition.eof': true,
    } as object,
    { 'auto.offset.reset': 'earliest' },
  );
  client.setDefaultConsumeTimeout(CONSUME_MS);
  const trouble = listenForTrouble(client, name, cluster);
  await connect(client, cluster, cluster, trouble);
  try {
    await readAll(client, cluster, topic, partitions, onMessage);
  } catch (cause) {
    throw explained(`cannot read topic ${topic} at ${cluster.brokers}`, cause, trouble);
  } finally {
    await disconnect(client, name, CLOSE_MS, cluster);
  }
}

async function readAll(
  client: KafkaConsumer,
  { clock }: Cluster,
  topic: string,
  partitions: readonly number[],
  onMessage: (message: Keyed) => void,
): Promise<void> {
  const open = new Set(partitions);
  let heardAt = clock.monotonic();
  client.on('partition.eof', ({ partition }) => {
    open.delete(partition);
    heardAt = clock.monotonic();
  });
  client.assign(partitions.map((partition) => ({ topic, partition, offset: OLDEST })));
  while (open.size > 0) {
    const messages = await ask<readonly Message[]>((done) => client.consume(PULL_COUNT, done));
    for (const message of messages) onMessage(keyed(message));
    if (messages.length > 0) heardAt = clock.monotonic();
    else if (clock.monotonic() - heardAt > SILENCE_US)
      throw new Error(`partitions ${[...open].join(', ')} give nothing before their ends`);
  }
}

const keyed = ({ partition, key, value, timestamp }: Message): Keyed => ({
  partition,
  key: key?.toString() ?? '',
  value,
  timestampUs: (timestamp ?? 0) * 1000,
});
