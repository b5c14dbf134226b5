import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import type { Log } from './rewind.ts';
import type { Confirmed } from './store.ts';

/**
 * The offset that the consumer group has committed of each partition: everything before it is delivered. Where there
 * is another memory than the log it is a hint, and the place to begin from when that memory is lost.
 */
export interface LowWater {
  /** Commits at once where samples were delivered, else now and then. Never rejects. */
  note(confirmed: readonly Confirmed[]): Promise<void>;
  /** Commits what is left of these partitions, and forgets them. Never rejects. */
  settle(partitions: readonly number[]): Promise<void>;
}

/** Offsets behind which nothing was published are committed this often. */
const COMMIT_EVERY_US = 5e6;

/**
 * Commits through the log. A commit that comes into a rebalance or finds no broker is refused. That loses nothing: it
 * goes with the next one, or the partition's next owner publishes the same again under the same ids.
 */
export function createLowWater(log: Log, clock: Clock, report: Report): LowWater {
  const uncommitted = new Map<number, number>();
  let committedAt = Number.NEGATIVE_INFINITY;
  const commit = async (): Promise<void> => {
    const offsets = [...uncommitted].map(([partition, offset]) => ({ partition, offset }));
    if (offsets.length === 0) return;
    committedAt = clock.monotonic();
    try {
      await log.commit(offsets);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      report({ event: 'kafka.trouble', client: 'checkpoint', error });
      return;
    }
    for (const { partition, offset } of offsets)
      if (uncommitted.get(partition) === offset) uncommitted.delete(partition);
  };
  return {
    note: async (confirmed) => {
      for (const { partition, through } of confirmed) if (through !== null) uncommitted.set(partition, through);
      const hasSamples = confirmed.some(({ entries }) => entries.length > 0);
      if (hasSamples || clock.monotonic() - committedAt >= COMMIT_EVERY_US) await commit();
    },
    settle: async (partitions) => {
      await commit();
      for (const partition of partitions) uncommitted.delete(partition);
    },
  };
}
