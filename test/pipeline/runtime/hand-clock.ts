import type { Clock } from '../../../pipeline/runtime/clock.ts';

export interface HandClock extends Clock {
  /** Moves time on and wakes who has slept enough, letting promises run in between. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export function handClock(startUs = 1_700_000_000_000_000): HandClock {
  let elapsedUs = 0;
  const sleepers = new Set<Sleeper>();
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = () => reject(signal?.reason);
      if (signal?.aborted) return leave();
      const sleeper = { at: elapsedUs + ms * 1000, wake: resolve };
      sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        sleepers.delete(sleeper);
        leave();
      });
    });
  const advance = async (ms: number): Promise<void> => {
    elapsedUs += ms * 1000;
    for (const sleeper of [...sleepers].sort((a, b) => a.at - b.at)) {
      if (sleeper.at > elapsedUs) break;
      sleepers.delete(sleeper);
      sleeper.wake();
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { now: () => startUs + elapsedUs, monotonic: () => elapsedUs, sleep, advance, random: () => 0.5 };
}
