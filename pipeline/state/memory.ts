import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import { type Log, rewindTo } from './rewind.ts';
import type { Confirmed, StateStore, Taken } from './store.ts';

/** Under this the samples of a checkpoint wait for their confirmation: one name for all, as nothing is kept by it. */
const IN_MEMORY = 'memory';
/** Offsets behind which nothing was published are committed this often. */
const COMMIT_EVERY_US = 5e6;

/**
 * State in memory alone: the log is the memory. The committed offset says how far everything is delivered; a new
 * owner reads again from `rewindUs` before it, publishing nothing, until it has the state that the old one had. It is
 * committed at once when something was published, so that a crash repeats as little as can be.
 */
export function createMemoryStore(log: Log, clock: Clock, rewindUs: number, report: Report): StateStore {
  const uncommitted = new Map<number, number>();
  let committedAt = Number.NEGATIVE_INFINITY;

  // A commit that comes into a rebalance or finds no broker is refused. That loses nothing: it goes with the next
  // one, or the partition's next owner publishes the same again under the same ids.
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
  const isDue = (confirmed: readonly Confirmed[]): boolean =>
    confirmed.some(({ entries }) => entries.length > 0) || clock.monotonic() - committedAt >= COMMIT_EVERY_US;

  return {
    open: async () => undefined,
    take: async (partitions) => {
      const committed = await log.committed(partitions);
      const taken = new Map<number, Taken>();
      for (const partition of partitions) {
        const position = await rewindTo(log, clock.now(), rewindUs, partition, committed.get(partition) ?? null);
        taken.set(partition, { ...position, saved: null, outbox: [] });
      }
      return taken;
    },
    checkpoint: async (checkpoints) =>
      new Map(
        checkpoints.map(({ partition, samples }) => {
          const entry = samples.length === 0 ? null : IN_MEMORY;
          return [partition, { outcome: 'kept', entry } as const];
        }),
      ),
    confirm: async (confirmed) => {
      for (const { partition, through } of confirmed) uncommitted.set(partition, through);
      if (isDue(confirmed)) await commit();
    },
    release: async (partitions) => {
      await commit();
      for (const partition of partitions) uncommitted.delete(partition);
    },
    close: async () => undefined,
  };
}
