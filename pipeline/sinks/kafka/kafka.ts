import { z } from 'zod';
import { brokerList, kafkaConfig } from '../../kafka/config.ts';
import { partitionOf } from '../../kafka/murmur2.ts';
import type { Outgoing } from '../../kafka/raw-producer.ts';
import { leaveOut } from '../dead-samples.ts';
import {
  bodyOf,
  destinationOf,
  type NotificationOptions,
  type Packing,
  packed,
  TOPICS,
} from '../oslo/notifications.ts';
import { notificationFields } from '../oslo/options.ts';
import { hasOneSecret, ONE_SECRET, readSecret } from '../secret.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { screen } from '../validate.ts';
import { createOutlet } from './client.ts';

const { tls, sasl, compression, replication, librdkafka } = kafkaConfig.shape;

export const kafkaSinkConfig = z
  .strictObject({
    type: z.literal('kafka'),
    brokers: brokerList.describe('List of host:port; the receivers’ Kafka, which may be another than ours'),
    ...notificationFields,
    partitions: z.int().min(1).max(10_000).default(1).describe('Partitions of the topic where it has to be created'),
    replication,
    tls,
    sasl,
    compression,
    librdkafka,
  })
  .refine(hasOneSecret, ONE_SECRET);
export type KafkaSinkConfig = z.infer<typeof kafkaSinkConfig>;

/** oslo.messaging's notifications over Kafka, as its own `kafka://` driver sends them. */
export const kafka = {
  kind: 'kafka',
  schema: kafkaSinkConfig,
  create: createKafkaSink,
} satisfies SinkKind<KafkaSinkConfig>;

function createKafkaSink(config: KafkaSinkConfig, context: SinkContext): Sink {
  const topic = destinationOf(config.topic ?? TOPICS[config.format]);
  const name = config.name ?? `kafka:${topic}`;
  const outlet = createOutlet(name, topic, config, context);
  let options: NotificationOptions | undefined;
  const notificationOptions = async (): Promise<NotificationOptions> => {
    options ??= {
      ...config,
      samples: config.maxSamples,
      bytes: config.maxBytes,
      publisherId: config.publisherId ? context.publisherId : null,
      secret: await readSecret(name, config),
    };
    return options;
  };
  return {
    name,
    async open(signal) {
      await notificationOptions();
      await outlet.open(signal);
    },
    async publish(batch, signal) {
      const good = await screen(batch, name, context);
      if (good.length === 0) return;
      const how = await notificationOptions();
      const partitions = await outlet.open(signal);
      const packings = new Map<Outgoing, Packing>();
      for (const packing of packed(good, how)) {
        const partition = partitionOf(Buffer.from(packing.host), partitions);
        packings.set({ partition, value: bodyOf(packing, how, context.clock, true) }, packing);
      }
      const refused = await outlet.send([...packings.keys()], signal);
      const samples = refused.flatMap((message) => packings.get(message)?.samples ?? []);
      if (samples.length > 1)
        throw new SinkError(
          name,
          `the broker refuses messages of ${config.maxBytes} bytes: lower maxBytes, or raise max.message.bytes of ${topic}`,
        );
      await leaveOut(context, { sink: name, reason: 'oversize', samples });
    },
    close: () => outlet.close(),
  };
}
