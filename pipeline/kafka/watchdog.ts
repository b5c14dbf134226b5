/** How far a partition was read: `position` is the next offset to read, `high` the one after the last there is. */
export interface Progress {
  readonly partition: number;
  readonly position: number;
  readonly high: number;
}

/** What the watchdog remembers of a partition. */
export interface Standstill {
  readonly position: number;
  readonly sinceUs: number;
}

/**
 * Finds partitions that have something to read and did not move for `limitUs`: a fetcher that hangs without an error.
 * Call it with the current progress while messages are being asked for. A partition found starts afresh, so that it is
 * found again only after another `limitUs`; partitions no longer listed are forgotten.
 */
export function standingStill(
  seen: Map<number, Standstill>,
  progress: readonly Progress[],
  nowUs: number,
  limitUs: number,
): readonly Progress[] {
  const listed = new Set(progress.map(({ partition }) => partition));
  for (const partition of seen.keys()) if (!listed.has(partition)) seen.delete(partition);
  return progress.filter(({ partition, position, high }) => {
    const before = seen.get(partition);
    const waits = before !== undefined && before.position === position && position < high;
    if (waits && nowUs - before.sinceUs < limitUs) return false;
    seen.set(partition, { position, sinceUs: nowUs });
    return waits;
  });
}
