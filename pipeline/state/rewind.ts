/** What is asked of the log: methods of the consumer. */
export interface Log {
  committed(partitions: readonly number[]): Promise<ReadonlyMap<number, number | null>>;
  watermarkOffsets(partition: number): Promise<{ readonly low: number; readonly high: number }>;
  offsetsForTime(partitions: readonly number[], timestampUs: number): Promise<ReadonlyMap<number, number | null>>;
  commit(offsets: readonly { readonly partition: number; readonly offset: number }[]): Promise<void>;
}

/** Where a partition is taken up: read from `start` on, publish what comes from `liveFrom` on. */
export interface Position {
  readonly start: number;
  readonly liveFrom: number;
}

/** Longest look back: ten years, when the doubling stops. */
const MAX_LOOKBACK_US = 10 * 365 * 86_400e6;

/**
 * Where to begin with a partition whose state is not kept: `rewindUs` before what the group has committed, so that the
 * log brings the state back, publishing nothing up to there; all of the log, live, where nothing is committed. `now` is
 * the wall clock's, microseconds.
 */
export async function rewindTo(
  log: Log,
  now: number,
  rewindUs: number,
  partition: number,
  committed: number | null,
): Promise<Position> {
  const { low } = await log.watermarkOffsets(partition);
  if (committed === null || committed <= low) return { start: low, liveFrom: committed ?? low };
  const offsetAt = async (lookbackUs: number): Promise<number> =>
    (await log.offsetsForTime([partition], now - lookbackUs)).get(partition) ?? Number.POSITIVE_INFINITY;
  // The log tells offsets by time, not times by offset: look back twice as far until the committed one is passed.
  let lookbackUs = rewindUs;
  while ((await offsetAt(lookbackUs)) >= committed && lookbackUs < MAX_LOOKBACK_US) lookbackUs *= 2;
  const start = await offsetAt(lookbackUs + rewindUs);
  return { start: Math.max(low, Math.min(start, committed)), liveFrom: committed };
}
