import { createPartition, type Partition } from '../model/partition.ts';
import type { Rules } from '../model/rules.ts';

/** A partition that this pipeline owns. */
export interface Owned {
  readonly partition: Partition;
  /** What lies before was delivered by an earlier owner: it is read again for its state alone, and publishes nothing. */
  readonly liveFrom: number;
}

/** The partitions that this pipeline owns, with their state; they come and go as the consumer group decides. */
export interface Ownership {
  own(partition: number, liveFrom: number): void;
  disown(partition: number): void;
  of(partition: number): Owned | undefined;
  /** False for a message that an earlier owner delivered, and for one of a partition that is not owned. */
  isLive(partition: number, offset: number): boolean;
}

export function createOwnership(rules: Rules): Ownership {
  const owned = new Map<number, Owned>();
  return {
    own: (partition, liveFrom) => {
      owned.set(partition, { partition: createPartition(rules), liveFrom });
    },
    disown: (partition) => {
      owned.delete(partition);
    },
    of: (partition) => owned.get(partition),
    isLive: (partition, offset) => offset >= (owned.get(partition)?.liveFrom ?? Number.POSITIVE_INFINITY),
  };
}
