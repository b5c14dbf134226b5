import type { Clock } from '../../pipeline/runtime/clock.ts';

export interface Peer {
  /** True if anything was received since this was last asked. */
  heard(): boolean;
  ping(): void;
}

/**
 * Pings after each interval in which nothing was received, and resolves with true when as many pings as `count` went
 * unanswered: (count + 1) intervals of silence, as libvirt does on its side. Counting pings, not time, a process that
 * stood still does not take its own silence for the peer's. Resolves with false when the signal aborts.
 */
export async function isSilent(
  clock: Clock,
  intervalMs: number,
  count: number,
  signal: AbortSignal,
  peer: Peer,
): Promise<boolean> {
  for (let unanswered = 0; unanswered <= count; ) {
    try {
      await clock.sleep(intervalMs, signal);
    } catch {
      return false; // aborted, the only thing that interrupts the sleep
    }
    if (peer.heard()) unanswered = 0;
    else if (unanswered++ < count) peer.ping();
  }
  return true;
}
