const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/**
 * How long to wait before the next attempt: doubling from 1 s to 60 s, of which up to half is left to chance so that a
 * fleet does not come back in step. `failures` counts from 1; `random` is in [0, 1).
 */
export const backoffMs = (failures: number, random: number): number =>
  Math.round(Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16)) * (1 - random / 2));
