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

export const systemClock: Clock = {
  now: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  monotonic: () => Math.round(performance.now() * 1000),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
  random: Math.random,
};
