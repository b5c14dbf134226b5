import { COUNTERS, type SliceBatch, type SliceHeader } from '../../avro/batch.ts';
import type { DropReason } from './flags.ts';

/**
 * How the times of one slice are to be read: decided once, when it arrives, and kept with it, so that reading it again
 * after a restart gives the same. Times in microseconds.
 */
export interface Screen {
  /** The partition's "now" then: what lies too far from it on either side is left out. */
  readonly now: number;
  /** Wall clock less monotonic time of the collector's process; NaN: it does not tell, or its clock is right. */
  readonly anchor: number;
  /** What the poll's own times are behind what they should say. */
  readonly shift: number;
  /** The source's clock went back and nothing tells the true time: cumulative rows are left out. */
  readonly stepped: boolean;
}

/** A wall clock that differs from the monotonic one by more has stepped (ruling R11). */
export const SKEW_STEP_US = 5e6;
/** Readings of before this are no news of any counter; as long as epochs are remembered. */
export const TOO_OLD_US = 30 * 86_400e6;

/** Tells that a row is left out. */
export type Dropped = (reason: DropReason, readings: number) => void;

/**
 * Corrects the times of a slice's rows by the collector's monotonic time, and takes out those that cannot be: NaN stands
 * in their place. Returns the newest time that is left, at least that of the poll.
 */
export function screenRows(
  batch: SliceBatch,
  { firstInstance, instances, poll }: SliceHeader,
  { now, anchor, shift, stepped }: Screen,
  maxSkew: number,
  dropped: Dropped,
): number {
  let newest = poll.startedAt + shift;
  const end = batch.rowStart[firstInstance + instances] as number;
  for (let r = batch.rowStart[firstInstance] as number; r < end; r++) {
    const told = batch.observedAt[r] as number;
    const cumulative = Number.isNaN(batch.interval[r] as number);
    const meant = anchor + (batch.monotonic[r] as number);
    const t = cumulative && Math.abs(told - meant) > SKEW_STEP_US ? meant : told;
    const begin = cumulative ? t : t - (batch.interval[r] as number);
    const reason = reasonAgainst(begin, t, { now, maxSkew, stepped: cumulative && stepped });
    batch.observedAt[r] = reason === null ? t : Number.NaN;
    if (reason !== null) dropped(reason, readingsIn(batch, r));
    else if (t > newest) newest = t;
  }
  return newest;
}

/** Of a row that tells what was from `begin` to `t`. An amount of years would open all their windows. */
function reasonAgainst(
  begin: number,
  t: number,
  { now, maxSkew, stepped }: { readonly now: number; readonly maxSkew: number; readonly stepped: boolean },
): DropReason | null {
  if (stepped) return 'clock_step';
  if (t > now + maxSkew) return 'quarantined';
  return begin < now - TOO_OLD_US ? 'too_old' : null;
}

/** Readings of counters in a row. */
function readingsIn(batch: SliceBatch, r: number): number {
  let count = 0;
  for (let b = batch.blockStart[r] as number; b < (batch.blockStart[r + 1] as number); b++) {
    const counters = COUNTERS[batch.kind[b] as number] as number;
    for (let f = 0; f < counters; f++) count += batch.present[(batch.valueStart[b] as number) + f] as number;
  }
  return count;
}

/** Readings of counters in a slice. */
export function readingsOf(batch: SliceBatch, { firstInstance, instances }: SliceHeader): number {
  let count = 0;
  const end = batch.rowStart[firstInstance + instances] as number;
  for (let r = batch.rowStart[firstInstance] as number; r < end; r++) count += readingsIn(batch, r);
  return count;
}

/** The first row of a slice that tells a monotonic time: [wall clock, monotonic time]; null: none does. */
export function clockIn(
  batch: SliceBatch,
  { firstInstance, instances }: SliceHeader,
): readonly [number, number] | null {
  const end = batch.rowStart[firstInstance + instances] as number;
  for (let r = batch.rowStart[firstInstance] as number; r < end; r++) {
    if (Number.isNaN(batch.monotonic[r] as number) || !Number.isNaN(batch.interval[r] as number)) continue;
    return [batch.observedAt[r] as number, batch.monotonic[r] as number];
  }
  return null;
}
