import { z } from 'zod';
import { brokerList, kafkaConfig } from '../../kafka/config.ts';
import type { Outgoing } from '../../kafka/raw-producer.ts';
import type { Sample } from '../../model/sample.ts';
import { leavingOut } from '../dead-samples.ts';
import { AUDIT_PERIOD, hasAuditPeriod, osloFields } from '../oslo/config.ts';
import { addressOf, FORMATS } from '../oslo/formats.ts';
import { createWriter, type Writer } from '../oslo/writer.ts';
import { hasOneSecret, ONE_SECRET } from '../secret.ts';
import type { Sink, SinkContext, SinkKind } from '../sink.ts';
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
  const leaveOut = leavingOut(name, context);
  const outlet = createOutlet(name, topic, config, context);
  let writer: Writer | undefined;
  const prepared = async (): Promise<Writer> => {
    writer ??= await createWriter(name, config, context, { withUniqueId: false });
    return writer;
  };
  let turn = 0;
  /** What the brokers do not have of a batch, by its identity: it is offered again. */
  const undelivered = new WeakMap<readonly Sample[], readonly Outgoing[]>();

  async function encoded(batch: readonly Sample[], partitions: number): Promise<readonly Outgoing[]> {
    const encoding = await prepared();
    const { drafts, oversize } = encoding.drafts(await screen(batch, leaveOut));
    const messages = Array.from(drafts, (draft) => ({
      partition: turn++ % partitions,
      value: encoding.body(draft).body,
    }));
    await leaveOut('oversize', oversize);
    return messages;
  }

  return {
    name,
    async open(signal) {
      await prepared();
      await outlet.open(signal);
    },
    async publish(batch, signal) {
      if (batch.length === 0) return;
      const messages = undelivered.get(batch) ?? (await encoded(batch, await outlet.open(signal)));
      undelivered.set(batch, messages);
      const unsent = await outlet.send(messages, signal);
      if (unsent === null) undelivered.delete(batch);
      else {
        undelivered.set(batch, unsent.messages);
        throw unsent.error;
      }
    },
    close: () => outlet.close(),
  };
}
