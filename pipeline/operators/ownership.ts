import type { Partition } from '../model/partition.ts';
import type { Entry } from '../state/store.ts';

/** A partition that this pipeline owns. */
export interface Owned {
  readonly index: number;
  readonly partition: Partition;
  /** What lies before was counted or delivered already: it is read again for what memory held, and publishes nothing. */
  readonly liveFrom: number;
  /** The state came out of the store as it was at `liveFrom`; else it is built from what lies before. */
  readonly restored: boolean;
  /** The offset after the last message that was counted. */
  next: number;
  /** Offset of the message whose windows are going on in parts: until the last of them it is not delivered. */
  unfinished: number | null;
  /** The log is being read anew from an earlier offset: messages from this one on are left over from before. */
  before: number;
  /** No checkpoint was taken yet of a state that did not come out of the store. */
  whole: boolean;
  /** What an earlier owner checkpointed and did not see delivered; taken out when it is published. */
  outbox: readonly Entry[];
}

/** The partitions that this pipeline owns, with their state; they come and go as the consumer group decides. */
export interface Ownership {
  own(owned: Owned): void;
  disown(index: number): void;
  of(index: number): Owned | undefined;
  all(): Iterable<Owned>;
  /** False for a message that was counted before, and for one of a partition that is not owned. */
  isLive(index: number, offset: number): boolean;
}

export function createOwnership(): Ownership {
  const owned = new Map<number, Owned>();
  return {
    own: (each) => {
      owned.set(each.index, each);
    },
    disown: (index) => {
      owned.delete(index);
    },
    of: (index) => owned.get(index),
    all: () => owned.values(),
    isLive: (index, offset) => {
      const each = owned.get(index);
      return each !== undefined && offset >= Math.max(each.liveFrom, each.next);
    },
  };
}
