import { ensureTopic } from '../../../pipeline/kafka/admin.ts';
import { openCluster } from '../../../pipeline/kafka/cluster.ts';
import { kafkaConfig } from '../../../pipeline/kafka/config.ts';
import { openProducer } from '../../../pipeline/kafka/producer.ts';
import { given } from '../measure.ts';
import { readStretch, type Stretches } from '../stretch.ts';
import { silent, type Topic } from '../topics.ts';

/** Fills one topic a stretch, at a Kafka that is there or at an embedded one, which lives as long as this process. */
export interface BrokerArgs {
  /** Null: embedded. */
  readonly brokers: readonly string[] | null;
  readonly stretches: Stretches;
  /** Begins the topics' names. */
  readonly name: string;
}

export interface BrokerAnswer {
  readonly brokers: string;
  readonly partitions: number;
  readonly topics: readonly Topic[];
}

const PARTITIONS = 12;

const { brokers, stretches, name } = given<BrokerArgs>();

async function fill(): Promise<BrokerAnswer> {
  const config = kafkaConfig.parse({ brokers: brokers ?? 'embedded', compression: 'none' });
  const cluster = await openCluster(config, silent);
  const topics: Topic[] = [];
  let partitions = 0;
  for (const [index, file] of stretches.files.entries()) {
    const topic = `${name}.${index}`;
    partitions = await ensureTopic(cluster, { name: topic, partitions: PARTITIONS, replication: 1 });
    const producer = await openProducer(cluster, topic);
    const messages = await readStretch(file);
    await producer.send(
      messages.map(({ slice, timestampUs, value }) => ({
        partition: slice % partitions,
        value,
        timestampMs: Math.floor(timestampUs / 1000),
      })),
    );
    await producer.close();
    topics.push({ name: topic, messages: messages.length });
  }
  if (!cluster.embedded) await cluster.close();
  return { brokers: cluster.brokers, partitions, topics };
}

// An embedded broker would outlive a bench that was interrupted.
process.once('disconnect', () => process.exit());
process.send?.(await fill());
if (brokers !== null) process.disconnect();
