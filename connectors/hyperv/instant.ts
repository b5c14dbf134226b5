/** Between 1601 and 1970, in microseconds. */
const EPOCH_US = 11_644_473_600_000_000n;
const QUARTER_US = 15 * 60e6;
/** A clock that is off by more than this and by quarters of an hour is in another zone. */
const NEAR_US = 150e6;

/** `Timestamp_Sys100NS`, 100 ns since 1601, in microseconds since 1970. */
export const fromFileTime = (ticks: bigint): number => Number(ticks / 10n - EPOCH_US);

/**
 * How far a clock that tells `theirs` is off by its zone alone: a multiple of a quarter of an hour. Whether the time of
 * raw performance rows is UTC or local is not certain, so that both are taken: 0 for UTC.
 */
export function zoneOf(theirs: number, ours: number): number {
  const zone = Math.round((theirs - ours) / QUARTER_US) * QUARTER_US;
  const isNear = Math.abs(theirs - ours - zone) <= NEAR_US;
  // No zone is further away than 14 hours.
  return isNear && Math.abs(zone) <= 14 * 3600e6 ? zone : 0;
}
