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
  /** Counts what was taken up. */
  term(): number;
  /** The owned partition; with a term, only if it was taken up by then: it may have gone meanwhile and come back. */
  of(index: number, term?: number): Owned | undefined;
  all(): Iterable<Owned>;
}

export function createOwnership(): Ownership {
  const owned = new Map<number, Owned>();
  const since = new Map<number, number>();
  let latest = 0;
  return {
    own: (each) => {
      owned.set(each.index, each);
      since.set(each.index, ++latest);
    },
    disown: (index) => {
      owned.delete(index);
    },
    term: () => latest,
    of: (index, term = Number.POSITIVE_INFINITY) =>
      (since.get(index) ?? Number.POSITIVE_INFINITY) <= term ? owned.get(index) : undefined,
    all: () => owned.values(),
  };
}

/** Whether a message still counts: not if it was counted before, nor if its partition is not owned. */
export const isLive = (owned: Owned | undefined, offset: number): boolean =>
  owned !== undefined && offset >= Math.max(owned.liveFrom, owned.next);
