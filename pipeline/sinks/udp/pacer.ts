import type { Clock } from '../../runtime/clock.ts';

/** Short enough that a receiver with Linux's default 208 KiB buffer survives a burst: some 90 datagrams of 1 kB. */
const MAX_BURST = 64;
/** A burst is at most what this long would send, so that a slow pace is not a lumpy one. */
const BURST_MS = 2;

/** Hands out leave to send, at most `perSecond` datagrams on average and `burst` at once. */
export interface Pacer {
  readonly burst: number;
  /** Resolves when `count` (at most `burst`) may go; rejects with the signal's reason when it aborts. */
  take(count: number, signal: AbortSignal): Promise<void>;
}

/**
 * A bucket of `burst` tokens that fills with time: UDP has no back-pressure, and a receiver that is overrun drops
 * without a word, so the sender must not run faster than it was told to.
 */
export function createPacer(perSecond: number, clock: Clock): Pacer {
  const burst = Math.min(MAX_BURST, Math.max(1, Math.floor((perSecond * BURST_MS) / 1000)));
  let tokens = burst;
  let filledAtUs = clock.monotonic();
  const fill = () => {
    const nowUs = clock.monotonic();
    tokens = Math.min(burst, tokens + ((nowUs - filledAtUs) * perSecond) / 1_000_000);
    filledAtUs = nowUs;
  };
  return {
    burst,
    async take(count, signal) {
      fill();
      while (tokens < count) {
        await clock.sleep(Math.max(1, Math.ceil(((count - tokens) * 1000) / perSecond)), signal);
        fill();
      }
      tokens -= count;
    },
  };
}
