import { endLives } from './absence.ts';
import type { Circumstances } from './circumstances.ts';
import type { InstanceState } from './state.ts';

/** Instances that were deleted and may have windows that are not closed yet: those do not wait for the grace (R21). */
export interface Deleted {
  readonly instances: Set<InstanceState>;
  /** By window size: theirs before this index are closed. */
  readonly closedBefore: number[];
}

export const createDeleted = (sizes: number): Deleted => ({
  instances: new Set(),
  closedBefore: new Array<number>(sizes).fill(Number.NEGATIVE_INFINITY),
});

/** Was it deleted, and not read since? */
export const isGone = ({ goneAt }: InstanceState): boolean => goneAt > Number.NEGATIVE_INFINITY;

/**
 * The instance was deleted, says a poll: whatever of it is alive ends, and what it did since its last reading is lost. It
 * is gone until it is read at a later time than `toldAt`, the newest that the poll's slice tells of. Microseconds.
 */
export function applyDeletion(at: Circumstances, instance: InstanceState, deletedAt: number, toldAt: number): void {
  if (endLives(at, instance, null, Math.min(deletedAt, toldAt))) at.tally.events.deleted++;
  instance.goneAt = toldAt;
  closeSoon(at.deleted, instance);
}

/** A reading of an instance that is gone: a later one brings it back, another one is still of its last windows. */
export function applyReadingOfGone({ deleted, watched }: Circumstances, instance: InstanceState, t: number): void {
  if (t <= instance.goneAt) {
    closeSoon(deleted, instance);
    return;
  }
  instance.goneAt = Number.NEGATIVE_INFINITY;
  deleted.instances.delete(instance);
  watched.instances.add(instance);
}

/** Its windows are closed as soon as the watermark has passed them, those that it has passed already at the next look. */
function closeSoon(deleted: Deleted, instance: InstanceState): void {
  deleted.instances.add(instance);
  deleted.closedBefore.fill(Number.NEGATIVE_INFINITY);
}
