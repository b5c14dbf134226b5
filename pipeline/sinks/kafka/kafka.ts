import { z } from 'zod';
import { brokerList, kafkaConfig } from '../../kafka/config.ts';
import { leaveOut } from '../dead-samples.ts';
import { AUDIT_PERIOD, hasAuditPeriod, osloFields } from '../oslo/config.ts';
import { addressOf, FORMATS } from '../oslo/formats.ts';
import { createWriter, type Writer } from '../oslo/writer.ts';
import { hasOneSecret, ONE_SECRET } from '../secret.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { screen } from '../validate.ts';
import { createOutlet } from './client.ts';

const { tls, sasl, compression, replication, librdkafka } = kafkaConfig.shape;

export const kafkaSinkConfig = z
  .strictObject({
    type: z.literal('kafka'),
    ...subscriptionFields,
    brokers: brokerList.describe('List of host:port: the receivers’ Kafka, which may be another than ours'),
    ...osloFields,
    partitions: z.int().min(1).max(10_000).default(1).describe('Partitions of the topic where it has to be created'),
    replication,
    tls,
    sasl,
    compression,
    librdkafka,
  })
  .refine(hasOneSecret, ONE_SECRET)
  .refine(hasAuditPeriod, AUDIT_PERIOD);
export type KafkaSinkConfig = z.infer<typeof kafkaSinkConfig>;

/** oslo.messaging's notifications over Kafka, as its own `kafka://` driver sends them. */
export const kafka = {
  kind: 'kafka',
  schema: kafkaSinkConfig,
  create: createKafkaSink,
} satisfies SinkKind<KafkaSinkConfig>;

function createKafkaSink(config: KafkaSinkConfig, context: SinkContext): Sink {
  const topic = addressOf(FORMATS[config.format], config.topic ?? FORMATS[config.format].topic);
  const name = config.name ?? `kafka:${topic}`;
  const outlet = createOutlet(name, topic, config, context);
  let writer: Writer | undefined;
  const prepared = async (): Promise<Writer> => {
    writer ??= await createWriter(name, config, context, { withUniqueId: false });
    return writer;
  };
  let turn = 0;
  return {
    name,
    async open(signal) {
      await prepared();
      await outlet.open(signal);
    },
    async publish(batch, signal) {
      const good = await screen(batch, name, context);
      const { drafts, oversize } = (await prepared()).drafts(good);
      await leaveOut(context, { sink: name, reason: 'oversize', samples: oversize });
      if (drafts.length === 0) return;
      const partitions = await outlet.open(signal);
      const encoding = await prepared();
      const messages = drafts.map((draft) => ({ partition: turn++ % partitions, value: encoding.body(draft).body }));
      const refused = await outlet.send(messages, signal);
      if (refused.length > 0)
        throw new SinkError(
          name,
          `the brokers refuse messages of ${config.batch.bytes} bytes: lower batch.bytes, or raise max.message.bytes of ${topic}`,
        );
    },
    close: () => outlet.close(),
  };
}
