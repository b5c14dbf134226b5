import type { Metadata, Producer } from 'node-rdkafka';
import { ask, connect, disconnect, explained, listenForTrouble, type Trouble } from './client.ts';
import type { Cluster } from './cluster.ts';
import { KafkaError } from './kafka-error.ts';
import { rdkafka } from './native.ts';

/** A topic as it should be where it has to be created. */
export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  /** Only the newest message of each key is kept, instead of all for some time. */
  readonly compacted?: boolean;
  /** How long messages are kept at least; without it as the broker does. */
  readonly retentionMs?: number;
}

const NAME = 'topic check';
const CREATE_MS = 15_000;
const APPEAR_MS = 15_000;
const RETRY_MS = 100;
const ERR_TOPIC_ALREADY_EXISTS = 36;

/**
 * Makes sure that the topic exists and returns how many partitions it has, which may differ from the plan. A new topic
 * gets `message.timestamp.type=LogAppendTime`: times that no producer's clock can spoil, for rewinding by time.
 * Rejects with a KafkaError that names the brokers and the topic.
 */
export async function ensureTopic(cluster: Cluster, plan: TopicPlan): Promise<number> {
  const client = new (rdkafka().Producer)({ ...cluster.settings } as object);
  const trouble = listenForTrouble(client, NAME, cluster);
  await connect(client, cluster, cluster, trouble);
  try {
    if ((await partitionsOf(client, cluster, plan.name, trouble)) === 0) await createTopic(cluster, plan, trouble);
    return await appeared(client, cluster, plan.name, trouble);
  } finally {
    await disconnect(client, NAME, CREATE_MS, cluster);
  }
}

/** How many partitions the topic has; 0 if it is not there, or while one of them has no leader. Creates nothing. */
export async function countPartitions(cluster: Cluster, topic: string): Promise<number> {
  const client = new (rdkafka().Producer)({ ...cluster.settings } as object);
  const trouble = listenForTrouble(client, NAME, cluster);
  await connect(client, cluster, cluster, trouble);
  try {
    return await partitionsOf(client, cluster, topic, trouble);
  } finally {
    await disconnect(client, NAME, CREATE_MS, cluster);
  }
}

/** The number of partitions that have a leader; 0 while the topic is not there or any has none. */
async function partitionsOf(client: Producer, cluster: Cluster, topic: string, trouble: Trouble): Promise<number> {
  // Asking a real broker for one topic by name may create it with the broker's defaults; asking for all does not.
  // The embedded broker creates topics in no other way.
  const which = cluster.embedded ? { topic, allTopics: false } : { allTopics: true };
  const metadata = await ask<Metadata>((done) => client.getMetadata({ ...which, timeout: CREATE_MS }, done)).catch(
    (cause: unknown) => {
      throw explained(`cannot look up topic ${topic} at ${cluster.brokers}`, cause, trouble);
    },
  );
  const partitions = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
  return partitions.every(({ leader }) => leader >= 0) ? partitions.length : 0;
}

async function createTopic(cluster: Cluster, plan: TopicPlan, trouble: Trouble): Promise<void> {
  if (cluster.embedded) return;
  const admin = rdkafka().AdminClient.create({ ...cluster.settings } as object, cluster.token ?? '');
  const topic = {
    topic: plan.name,
    num_partitions: plan.partitions,
    replication_factor: plan.replication,
    config: {
      'message.timestamp.type': 'LogAppendTime',
      ...(plan.compacted ? { 'cleanup.policy': 'compact' } : {}),
      ...(plan.retentionMs === undefined ? {} : { 'retention.ms': String(plan.retentionMs) }),
    },
  };
  try {
    await ask<void>((done) => admin.createTopic(topic, CREATE_MS, done));
  } catch (cause) {
    if ((cause as { code?: unknown }).code === ERR_TOPIC_ALREADY_EXISTS) return;
    const wish = `${plan.partitions} partitions, ${plan.replication} replicas`;
    throw explained(`cannot create topic ${plan.name} (${wish}) at ${cluster.brokers}`, cause, trouble);
  } finally {
    admin.disconnect();
  }
}

async function appeared(client: Producer, cluster: Cluster, topic: string, trouble: Trouble): Promise<number> {
  const deadline = cluster.clock.monotonic() + APPEAR_MS * 1000;
  for (;;) {
    const partitions = await partitionsOf(client, cluster, topic, trouble);
    if (partitions > 0) return partitions;
    if (cluster.clock.monotonic() >= deadline)
      throw new KafkaError(
        `topic ${topic} at ${cluster.brokers} has partitions without a leader after ${APPEAR_MS} ms: check the brokers, or that the user may describe the topic`,
        { away: true },
      );
    await cluster.clock.sleep(RETRY_MS);
  }
}
