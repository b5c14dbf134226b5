import { countPartitions, ensureTopic } from '../../kafka/admin.ts';
import { type Cluster, openCluster } from '../../kafka/cluster.ts';
import { kafkaConfig } from '../../kafka/config.ts';
import { KafkaError } from '../../kafka/kafka-error.ts';
import { openProducer } from '../../kafka/producer.ts';
import type { RawProducer } from '../../kafka/raw-producer.ts';
import { type SinkContext, SinkError } from '../sink.ts';
import type { KafkaSinkConfig } from './config.ts';

/** A producer for the topic of a sink. */
export interface Connection {
  readonly producer: RawProducer;
  close(): Promise<void>;
}

/** Connects and makes sure of the topic; rejects with a KafkaError or a SinkError that says what to do. */
export async function openConnection(
  sink: string,
  topic: string,
  config: KafkaSinkConfig,
  context: SinkContext,
): Promise<Connection> {
  const { brokers, tls, sasl, compression, librdkafka } = config;
  if (brokers === undefined)
    throw new SinkError(sink, "the pipeline's own Kafka is embedded and gone with it: name brokers for the sink");
  const cluster = await openCluster(kafkaConfig.parse({ brokers, tls, sasl, compression, librdkafka }), context);
  await makeSure(cluster, topic, config);
  const producer = await openProducer(cluster, topic);
  return {
    producer,
    async close() {
      await producer.close();
      await cluster.close();
    },
  };
}

/** Looking a topic up by its name would create it on many brokers, with their defaults and no word. */
async function makeSure(cluster: Cluster, topic: string, { create }: KafkaSinkConfig): Promise<void> {
  if (create !== undefined) {
    await ensureTopic(cluster, { name: topic, ...create });
    return;
  }
  if ((await countPartitions(cluster, topic)) === 0)
    throw new KafkaError(
      `topic ${topic} does not exist at ${cluster.brokers}, or lacks a leader: create it, or give the sink create: {}`,
    );
}
