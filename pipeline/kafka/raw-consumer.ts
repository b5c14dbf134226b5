import type { PartitionOffset } from './commits.ts';
import type { RawMessage } from './intake.ts';
import type { Offsets } from './offsets.ts';
import type { Membership } from './rebalance.ts';

/**
 * Reads one topic by pulling: nothing is read ahead of `pull` but a bounded queue of librdkafka. Either `join` (the
 * group decides which partitions) or `assign` (the caller does), once. While nothing is pulled for some seconds the
 * partitions are paused and the group is still served, so that a stalled pipeline keeps its membership.
 */
export interface RawConsumer extends Offsets {
  readonly topic: string;
  join(owner: Membership): void;
  assign(starts: readonly PartitionOffset[]): void;
  /** Up to `count` messages (default 32), in order within a partition; none if there were none for a moment. Rejects with a KafkaError when the consumer can do nothing any more. */
  pull(count?: number): Promise<readonly RawMessage[]>;
  /** Commits the next offsets to read; resolves when the group has them. */
  commit(offsets: readonly PartitionOffset[]): Promise<void>;
  /** Goes on reading a partition at an offset. */
  seek(partition: number, offset: number): Promise<void>;
  owned(): readonly number[];
  /** The offset after the newest message of each owned partition. */
  ends(): Promise<ReadonlyMap<number, number>>;
  /** Gives the partitions back (`onRevoke`), leaves the group and ends by the deadline. Safe to call twice. */
  close(deadlineMs?: number): Promise<void>;
}
