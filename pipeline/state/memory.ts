import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import { createLowWater } from './low-water.ts';
import { type Log, rewindTo } from './rewind.ts';
import type { Outcome, StateStore, Taken } from './store.ts';

/** Under this the samples of a checkpoint wait for their confirmation: one name for all, as nothing is kept by it. */
const IN_MEMORY = 'memory';

/**
 * State in memory alone: the log is the memory. The committed offset says how far everything is delivered; a new
 * owner reads again from `rewindUs` before it, publishing nothing, until it has the state that the old one had. It is
 * committed at once when something was published, so that a crash repeats as little as can be.
 */
export function createMemoryStore(log: Log, clock: Clock, rewindUs: number, report: Report): StateStore {
  const lowWater = createLowWater(log, clock, report);
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
      new Map<number, Outcome>(
        checkpoints.map(({ partition, samples }) => {
          return [partition, { outcome: 'kept', entry: samples.length === 0 ? null : IN_MEMORY }];
        }),
      ),
    mark: async () => undefined,
    confirm: (confirmed) => lowWater.note(confirmed),
    release: (partitions) => lowWater.settle(partitions),
    close: async () => undefined,
  };
}
