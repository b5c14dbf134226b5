import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';

export interface Position {
  readonly start: number;
  readonly liveFrom: number;
}

/** How far each partition is delivered. */
export interface LogStore {
  acquire(partitions: readonly number[]): Promise<ReadonlyMap<number, Position>>;
  checkpoint(through: ReadonlyMap<number, number>): Promise<void>;
  release(partitions: readonly number[]): Promise<void>;
}

/** What the store asks of the log: methods of the consumer. */
export interface Log {
  committed(partitions: readonly number[]): Promise<ReadonlyMap<number, number | null>>;
  watermarkOffsets(partition: number): Promise<{ readonly low: number; readonly high: number }>;
  offsetsForTime(partitions: readonly number[], timestampUs: number): Promise<ReadonlyMap<number, number | null>>;
  commit(offsets: readonly { readonly partition: number; readonly offset: number }[]): Promise<void>;
}

/** Longest look back: ten years, when the doubling stops. */
const MAX_LOOKBACK_US = 10 * 365 * 86_400e6;

/**
 * State in memory alone: the log is the memory. The committed offset says how far everything is delivered; a new
 * owner reads again from `rewindUs` before it, publishing nothing, until it has the state that the old one had.
 */
export function createMemoryStore(log: Log, clock: Clock, rewindUs: number, report: Report): LogStore {
  const uncommitted = new Map<number, number>();
  return {
    acquire: async (partitions) => {
      const committed = await log.committed(partitions);
      const positions = new Map<number, Position>();
      for (const partition of partitions) {
        positions.set(partition, await positionOf(log, clock, rewindUs, partition, committed.get(partition) ?? null));
      }
      return positions;
    },
    // A commit that comes into a rebalance or finds no broker is refused. That loses nothing: it goes with the next
    // one, or the partition's next owner publishes the same again under the same ids.
    checkpoint: async (through) => {
      for (const [partition, offset] of through) uncommitted.set(partition, offset);
      const offsets = [...uncommitted].map(([partition, offset]) => ({ partition, offset }));
      try {
        await log.commit(offsets);
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        report({ event: 'kafka.trouble', client: 'checkpoint', error });
        return;
      }
      for (const { partition, offset } of offsets)
        if (uncommitted.get(partition) === offset) uncommitted.delete(partition);
    },
    release: async (partitions) => {
      for (const partition of partitions) uncommitted.delete(partition);
    },
  };
}

async function positionOf(
  log: Log,
  clock: Clock,
  rewindUs: number,
  partition: number,
  committed: number | null,
): Promise<Position> {
  const { low } = await log.watermarkOffsets(partition);
  if (committed === null || committed <= low) return { start: low, liveFrom: committed ?? low };
  const offsetAt = async (lookbackUs: number): Promise<number> =>
    (await log.offsetsForTime([partition], clock.now() - lookbackUs)).get(partition) ?? Number.POSITIVE_INFINITY;
  // The log tells offsets by time, not times by offset: look back twice as far until the committed one is passed.
  let lookbackUs = rewindUs;
  while ((await offsetAt(lookbackUs)) >= committed && lookbackUs < MAX_LOOKBACK_US) lookbackUs *= 2;
  const start = await offsetAt(lookbackUs + rewindUs);
  return { start: Math.max(low, Math.min(start, committed)), liveFrom: committed };
}
