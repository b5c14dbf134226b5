import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The only source of time, timers and chance. Times are integer microseconds.
 * Everything else receives a Clock, so that tests drive it by hand.
 */
export interface Clock {
  /** Wall clock: microseconds since 1970-01-01 UTC. */
  now(): number;
  /** Microseconds since some fixed moment of this process; never steps. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number in [0, 1), for jitter. */
  random(): number;
}

/** The system's clock, which has milliseconds, is followed when it is further than this from the one that goes on evenly. */
const STEP_MS = 250;

/**
 * Microseconds of the wall clock between its steps: the monotonic time, which the kernel steers with the wall clock, on the
 * wall clock's reading of when it was last set. The monotonic time alone would never know of that, nor of a suspended machine.
 */
export function steppingClock(
  wallMs: () => number,
  monotonicMs: () => number,
  originMs = wallMs() - monotonicMs(),
): () => number {
  let origin = originMs;
  return () => {
    const at = monotonicMs();
    const offMs = wallMs() - (origin + at);
    if (Math.abs(offMs) > STEP_MS) origin += offMs;
    return Math.round((origin + at) * 1000);
  };
}

/** Resolves in the next turn of the event loop, so that what may be read or written meanwhile is. */
export const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The longest that a timer of Node can wait, some 25 days; a longer one is over at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: steppingClock(Date.now, () => performance.now(), performance.timeOrigin),
  monotonic: () => Math.round(performance.now() * 1000),
  sleep: async (ms, signal) => {
    const options = signal ? { signal } : {};
    let left = ms;
    for (; left > LONGEST_MS; left -= LONGEST_MS) await delay(LONGEST_MS, undefined, options);
    await delay(left, undefined, options);
  },
  random: Math.random,
};
