/**
 * CPU time out of a share. Proxmox VE has no counter of it: pvestatd reads the process's ticks (of a container the
 * cgroup's, of a node /proc/stat's) every round of some ten seconds and tells their growth, divided by the time between
 * its two looks and the CPUs. Multiplied again by the same time that growth comes back. The time is the growth of the
 * uptime, which is read with the ticks; it is whole seconds, but what one interval gets too much the next gets too little.
 */
export interface CpuAmount {
  /** Nanoseconds of CPU. */
  readonly ns: bigint;
  /** Of the time up to the sample that it is of. */
  readonly intervalUs: number;
}

/** A round, and the longest one that cannot be two. */
const ROUND_S = 10;
const ONE_ROUND_S = 16;

/**
 * What was used between two samples whose uptimes differ by `growthS` seconds. If there was another between them, which
 * was not seen, the share is that of the last round alone: nothing is said of the time before. Null: cannot be told.
 */
export function cpuAmount(cpu: number | null, maxcpu: number | null, growthS: number): CpuAmount | null {
  if (cpu === null || maxcpu === null || growthS <= 0) return null;
  const seconds = growthS < ONE_ROUND_S ? growthS : ROUND_S;
  return { ns: BigInt(Math.round(cpu * maxcpu * seconds * 1e9)), intervalUs: Math.round(seconds * 1e6) };
}

/** Clocks that differ by less from what the samples' own ages say are not heeded: rows join without a gap. */
const JOIN_US = 15e6;

/** The end of an interval, given when the last one ended and how the clocks have it. Microseconds. */
export function endOf(last: number | null, growthS: number, byClock: number): number {
  const joined = last === null ? Number.NaN : last + Math.round(growthS * 1e6);
  return Math.abs(joined - byClock) < JOIN_US ? joined : byClock;
}
