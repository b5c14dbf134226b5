import { createPartition } from '../../../pipeline/model/partition.ts';
import type { Owned } from '../../../pipeline/operators/ownership.ts';
import { rulesOf } from '../model/polls.ts';

/** A partition taken up with no state, all of it live, unless told otherwise. */
export const ownedOf = (some: Partial<Owned> = {}): Owned => ({
  index: 0,
  partition: createPartition(rulesOf()),
  liveFrom: 0,
  restored: false,
  next: 0,
  unfinished: null,
  before: Number.POSITIVE_INFINITY,
  whole: true,
  outbox: [],
  ...some,
});
