import { z } from 'zod';
import { kafkaConfig } from '../../kafka/config.ts';
import { osloFields } from '../oslo/config.ts';
import { hasOneSecret, ONE_SECRET } from '../secret.ts';
import { subscriptionFields } from '../subscription.ts';

const { brokers, tls, sasl, compression, librdkafka, partitions, replication } = kafkaConfig.shape;
const [, addresses] = brokers.unwrap().options;

/** One entry of `sinks:` with `type: kafka`. */
export const kafkaSinkConfig = z
  .strictObject({
    type: z.literal('kafka'),
    ...subscriptionFields,
    brokers: addresses
      .optional()
      .describe("Brokers, host:port; without them the pipeline's own cluster, with its tls, sasl and librdkafka"),
    tls,
    sasl,
    compression,
    librdkafka,
    ...osloFields,
    create: z
      .strictObject({ partitions, replication })
      .optional()
      .describe('How to create the topic where it is missing; without it a missing topic is an error.'),
  })
  .refine(hasOneSecret, ONE_SECRET);
export type KafkaSinkConfig = z.output<typeof kafkaSinkConfig>;

/** What of the pipeline's `kafka:` section a sink without brokers takes over. */
type OwnCluster = Pick<z.output<typeof kafkaConfig>, 'brokers' | 'tls' | 'sasl' | 'compression' | 'librdkafka'>;

/** The sinks, those of type kafka that name no brokers on the pipeline's own cluster. That must not be embedded. */
export function onOwnCluster<Entry extends { readonly type: string }>(
  sinks: readonly (Entry | KafkaSinkConfig)[],
  { brokers, tls, sasl, compression, librdkafka }: OwnCluster,
): readonly (Entry | KafkaSinkConfig)[] {
  return sinks.map((entry) => {
    if (!isKafka(entry) || entry.brokers !== undefined || brokers === 'embedded') return entry;
    return { ...entry, brokers, tls, sasl, compression: entry.compression ?? compression, librdkafka };
  });
}

const isKafka = (entry: { readonly type: string }): entry is KafkaSinkConfig => entry.type === 'kafka';
