import type { Present } from './roll-call.ts';

/**
 * A guest's counters live as long as its process. A restart and a live migration make another process, a reboot by the
 * guest itself does not. The API's bulk answer tells the process's age in whole seconds, as it was when pvestatd last
 * looked, at most some ten seconds ago. The age cannot name a life: rounded it differs from one collector to the next,
 * and another name would count all of the counters once more. The process's id does, which the node tells (`Present`).
 */
export interface Life {
  /** `<cluster>/<type>/<vmid>@<node>/<pid>`: the same to every collector. */
  readonly label: string;
  /** Microseconds, wall clock, and the same by the collector's monotonic clock: good to a second or two. */
  readonly startedAt: number;
  readonly startMonotonic: number;
  /** Age in the latest sample, whole seconds. */
  readonly uptime: number;
  /** In the latest sample. */
  readonly counters: readonly bigint[];
}

/** The moment that an answer is of, by the collector's clocks. */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

/** Ages are whole seconds, of clocks that are not ours. */
const AHEAD_S = 3;
/** pvestatd's round takes ten seconds and what it has to do. An older age may be another process's. */
const BEHIND_S = 30;

/** What cannot be told comes out as 0. */
const NOT_TOLD = 0n;

/** Can a sample of this age, with these counters, be the life's? If it cannot, or may not be, the node is to be asked. */
export function fits(life: Life, uptime: number, counters: readonly bigint[], at: Moment): boolean {
  if (uptime < life.uptime || counters.some((value, n) => value !== NOT_TOLD && value < (life.counters[n] ?? 0n)))
    return false;
  const age = (at.monotonic - life.startMonotonic) / 1e6;
  return uptime <= age + AHEAD_S && uptime >= age - BEHIND_S;
}

/** When the process that a roll call shows began. An age is cut down to whole seconds: half of one is the error's middle. */
export const beginOf = ({ uptime }: Present, asked: Moment): Moment => ({
  wall: Math.round(asked.wall - uptime * 1e6 - 5e5),
  monotonic: Math.round(asked.monotonic - uptime * 1e6 - 5e5),
});

/** Is the sample, which is older than the roll call, of the process that the roll call shows? */
export function isOf(begin: Moment, present: Present, uptime: number, at: Moment): boolean {
  const age = (at.monotonic - begin.monotonic) / 1e6;
  return uptime <= present.uptime + 1 && uptime <= age + AHEAD_S && uptime >= age - BEHIND_S;
}

/** The life after a sample. Clocks drift apart: a start that the sample shows to be too late is put right. */
export function goOn(life: Life, uptime: number, counters: readonly bigint[], at: Moment): Life {
  const startMonotonic = Math.min(life.startMonotonic, Math.round(at.monotonic - uptime * 1e6));
  const known = counters.map((value, n) => (value === NOT_TOLD ? (life.counters[n] ?? value) : value));
  return { ...life, startMonotonic, uptime, counters: known };
}
