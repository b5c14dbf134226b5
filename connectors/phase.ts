import { createHash } from 'node:crypto';

/**
 * Where in the interval a hypervisor is polled: the same for the same id on every collector and after every restart,
 * spread evenly over the fleet. Microseconds, from 0 to less than the interval.
 */
export const phaseOf = (id: string, intervalUs: number): number =>
  createHash('sha256').update(id).digest().readUIntBE(0, 6) % intervalUs;

/** The last due time up to `nowUs`. */
export const latestDue = (nowUs: number, intervalUs: number, phaseUs: number): number =>
  Math.floor((nowUs - phaseUs) / intervalUs) * intervalUs + phaseUs;

/** The first due time after `nowUs`: due times are k · interval + phase of the wall clock, so they never drift. */
export const nextDue = (nowUs: number, intervalUs: number, phaseUs: number): number =>
  (Math.floor((nowUs - phaseUs) / intervalUs) + 1) * intervalUs + phaseUs;
