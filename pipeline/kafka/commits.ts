import type { TopicPartitionOffset } from 'node-rdkafka';
import { KafkaError, textOf } from './kafka-error.ts';

/** An offset of a partition: for a commit, the next one to read. */
export interface PartitionOffset {
  readonly partition: number;
  readonly offset: number;
}

/** Commits whose outcome is awaited. */
export interface Commits {
  /** Sends the commit; settles when the group's coordinator answered. The answer comes only while the client is polled. */
  commit(offsets: readonly PartitionOffset[]): Promise<void>;
  /** To be called with every outcome (`offset_commit_cb`). */
  settle(error: unknown, offsets: readonly TopicPartitionOffset[]): void;
  /** Rejects what is still awaited. */
  abandon(error: KafkaError): void;
}

interface Pending {
  readonly key: string;
  readonly resolve: () => void;
  readonly reject: (error: KafkaError) => void;
}

/** Pairs each commit with its outcome: librdkafka's callback names only the offsets, so equal ones go in order. */
export function createCommits(send: (offsets: TopicPartitionOffset[]) => void, topic: string, group: string): Commits {
  const pending = new Set<Pending>();
  return {
    commit: (offsets) =>
      new Promise((resolve, reject) => {
        const entry = { key: keyOf(offsets), resolve, reject };
        pending.add(entry);
        try {
          send(offsets.map(({ partition, offset }) => ({ topic, partition, offset })));
        } catch (cause) {
          pending.delete(entry);
          reject(refused(topic, group, cause));
        }
      }),
    settle: (error, offsets) => {
      const key = keyOf(offsets);
      const entry = [...pending].find((candidate) => candidate.key === key);
      if (entry === undefined) return;
      pending.delete(entry);
      if (error) entry.reject(refused(topic, group, error));
      else entry.resolve();
    },
    abandon: (error) => {
      for (const entry of pending) entry.reject(error);
      pending.clear();
    },
  };
}

const keyOf = (offsets: readonly PartitionOffset[]): string =>
  offsets
    .map(({ partition, offset }) => `${partition}@${offset}`)
    .sort()
    .join(' ');

const refused = (topic: string, group: string, cause: unknown): KafkaError =>
  new KafkaError(`group ${group} could not commit offsets of topic ${topic}: ${textOf(cause)}`, { cause });

/** ILLEGAL_GENERATION and REBALANCE_IN_PROGRESS. */
const ERRS_REBALANCING: readonly unknown[] = [22, 27];

/**
 * The group was dealing its partitions anew when the commit came. They stay ours until we give them back, so the same
 * commit is taken a moment later; a member that was put out of the group gets another error.
 */
export const isRebalancing = (error: unknown): boolean =>
  error instanceof KafkaError && ERRS_REBALANCING.includes((error.cause as { code?: unknown } | undefined)?.code);
