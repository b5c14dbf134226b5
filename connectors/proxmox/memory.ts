import type { Life } from './lives.ts';

/** What is remembered of one guest, or node, from poll to poll. */
export interface GuestMemory {
  readonly life: Life;
  /** When the latest interval of CPU time ended, microseconds; null: the next sample is the first to have one. */
  readonly cpuUntil: number | null;
}

export interface NodeMemory {
  /** Seconds, as it told them. */
  readonly uptime: number;
  /** When it booted, microseconds by the monotonic clock: late by the age of the youngest sample that was seen. */
  readonly startMonotonic: number;
  readonly cpuUntil: number | null;
}

/** What outlives a session: it belongs to the endpoint. */
export class ClusterMemory {
  /** Its name, once it is known. */
  cluster: string | null = null;
  /** That is the name of a node that is in none. */
  isLone = false;
  guests: ReadonlyMap<number, GuestMemory> = new Map();
  nodes: ReadonlyMap<string, NodeMemory> = new Map();
  /** Roll calls that failed, by path: not before this monotonic time again. */
  readonly notBefore = new Map<string, number>();
  /** How often connecting to an origin has failed in a row. */
  readonly failures = new Map<string, number>();
}
