import type { CoordinationLog } from '../../connectors/assignment/coordination-log.ts';
import { fixedOwnership } from '../../connectors/assignment/fixed.ts';
import { groupOwnership } from '../../connectors/assignment/group.ts';
import type { Listing, Ownership } from '../../connectors/assignment/ownership.ts';
import type { Tenure } from '../../connectors/assignment/tenure.ts';
import type { Notebook } from '../../connectors/spool/notebook.ts';
import { ensureTopic } from '../kafka/admin.ts';
import type { Cluster } from '../kafka/cluster.ts';
import { openConsumer } from '../kafka/consumer.ts';
import { KafkaError } from '../kafka/kafka-error.ts';
import { partitionOf } from '../kafka/murmur2.ts';
import { openProducer } from '../kafka/producer.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Settings } from './composition.ts';

const LEAST_HEARTBEAT_MS = 500;
const MOST_HEARTBEAT_MS = 3000;
const HEARTBEATS = 10;
/** Longer than an owner may take to let go of what it polls. */
const CLOSE_MS = 12_000;

type GroupSettings = NonNullable<Settings['collector']['group']>;

/** Which part an endpoint is dealt to: Kafka's own hash of its name. */
export const dealEndpoint = (endpoint: string, count: number): number => partitionOf(Buffer.from(endpoint), count);

export interface OwnershipDeps {
  readonly cluster: () => Cluster;
  /** What the collector lists by now. */
  readonly listing: () => Listing;
  /** Where it is written down what is held; null: nowhere. */
  readonly notebook: Notebook | null;
  /** Whether the brokers have answered. */
  readonly isThere: () => boolean;
}

/** What the configuration says of who polls what. */
export function ownershipOf(
  { collector, service }: Settings,
  { clock, report }: Pick<Runtime, 'clock' | 'report'>,
  { cluster, listing, notebook, isThere }: OwnershipDeps,
): Ownership {
  const { group, shard } = collector;
  if (group === undefined) return fixedOwnership(shard, dealEndpoint, clock.now());
  const sessionMs = group.sessionTimeout / 1000;
  const heartbeatMs = heartbeatOf(sessionMs);
  const open = async (): Promise<CoordinationLog> => {
    // Another client would wait for as long as the first one did.
    if (!isThere()) throw new KafkaError(`no broker of ${cluster().brokers} has answered yet`, { away: true });
    return openCoordination(cluster(), group, sessionMs, heartbeatMs);
  };
  return groupOwnership({
    open,
    ...(notebook === null ? {} : { tenure: tenureIn(notebook, group.topic) }),
    deal: dealEndpoint,
    collector: service.id,
    sessionMs,
    heartbeatMs,
    listing,
    clock,
    report,
  });
}

/** What is held of a coordination topic, in a notebook. */
function tenureIn(notebook: Notebook, topic: string): Tenure {
  const { held } = notebook.notes;
  return {
    held: held?.topic === topic ? held : null,
    write: ({ partitions, tokens }) =>
      notebook.write({ held: { topic, partitions, tokens: tokens.map(([partition, token]) => [partition, token]) } }),
  };
}

const heartbeatOf = (sessionMs: number): number =>
  Math.min(MOST_HEARTBEAT_MS, Math.max(LEAST_HEARTBEAT_MS, Math.round(sessionMs / HEARTBEATS)));

async function openCoordination(
  cluster: Cluster,
  { topic, name, partitions: configured, instance }: GroupSettings,
  sessionMs: number,
  heartbeatMs: number,
): Promise<CoordinationLog> {
  const { replication } = cluster.config;
  const plan = { name: topic, partitions: configured, replication, compacted: true };
  const found = await ensureTopic(cluster, plan);
  if (found !== configured && !cluster.embedded)
    cluster.report({ event: 'coordination.partitions', topic, configured, found });
  const { groupInstance: _, ...config } = cluster.config;
  const ours = { ...config, group: name, ...(instance === undefined ? {} : { groupInstance: instance }) };
  const settings = { ...cluster.settings, 'session.timeout.ms': sessionMs, 'heartbeat.interval.ms': heartbeatMs };
  const producer = await openProducer({ ...cluster, config: ours }, topic);
  try {
    const consumer = await openConsumer({ ...cluster, config: ours, settings }, topic);
    return {
      consumer,
      partitions: found,
      write: (messages) => producer.send(messages),
      close: async () => {
        await consumer.close(CLOSE_MS);
        await producer.close();
      },
    };
  } catch (error) {
    await producer.close();
    throw error;
  }
}
