import { randomUUID } from 'node:crypto';
import { type AnnouncedLog, type Announcing, announceToOthers } from '../../connectors/assignment/announced.ts';
import type { Announcement } from '../../connectors/connector.ts';
import { ensureTopic } from '../kafka/admin.ts';
import type { Cluster } from '../kafka/cluster.ts';
import { openConsumer } from '../kafka/consumer.ts';
import { openProducer } from '../kafka/producer.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Settings } from './composition.ts';
import type { AnyConnectorKind } from './parts.ts';

/** An announcement is of use for a moment only. */
const RETENTION_MS = 3_600_000;
const CLOSE_MS = 2000;

/** What a collector of a group tells the others of, if one of its connectors announces anything; else null. */
export function announcingOf(
  { collector: { group }, connectors }: Settings,
  kinds: readonly AnyConnectorKind[],
  { clock, report }: Pick<Runtime, 'clock' | 'report'>,
  cluster: () => Cluster,
  hear: (announcement: Announcement) => void,
): Announcing | null {
  const announcers = new Set(kinds.flatMap(({ kind, announces }) => (announces ? [kind] : [])));
  if (group === undefined || !connectors.some(({ type }) => announcers.has(type))) return null;
  const open = (): Promise<AnnouncedLog> => openAnnounced(cluster(), `${group.topic}.announced`);
  return announceToOthers({ open, member: randomUUID(), hear, clock, report });
}

async function openAnnounced(cluster: Cluster, topic: string): Promise<AnnouncedLog> {
  const { groupInstance: _, ...config } = cluster.config;
  const own = { ...cluster, config };
  await ensureTopic(own, { name: topic, partitions: 1, replication: config.replication, retentionMs: RETENTION_MS });
  const producer = await openProducer(own, topic);
  try {
    const consumer = await openConsumer(own, topic);
    const { high } = await consumer.watermarkOffsets(0);
    consumer.assign([{ partition: 0, offset: high }]);
    const close = async (): Promise<void> => {
      await consumer.close(CLOSE_MS);
      await producer.close(CLOSE_MS);
    };
    return { consumer, producer, close };
  } catch (error) {
    await producer.close(CLOSE_MS);
    throw error;
  }
}
