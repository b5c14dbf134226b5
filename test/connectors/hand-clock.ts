import { setImmediate as macrotask } from 'node:timers/promises';
import type { Clock } from '../../pipeline/runtime/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that moves only by hand: `advance` wakes sleepers in their order and lets everything settle in between. */
export interface HandClock extends Clock {
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, as an administrator would; the monotonic time goes on. */
  step(ms: number): void;
}

export function handClock(startUs = 1_700_000_000_000_000): HandClock {
  let monotonic = 0;
  let offset = startUs;
  const sleepers = new Set<Sleeper>();
  const settle = async () => {
    for (let round = 0; round < 3; round++) await macrotask();
  };
  return {
    now: () => monotonic + offset,
    monotonic: () => monotonic,
    random: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const stop = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const wake = () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        };
        const sleeper = { at: monotonic + ms * 1000, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', stop);
      }),
    step: (ms) => {
      offset += ms * 1000;
    },
    advance: async (ms) => {
      const end = Math.round(monotonic + ms * 1000);
      await settle();
      for (;;) {
        const next = [...sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        sleepers.delete(next);
        monotonic = Math.max(monotonic, next.at);
        next.wake();
        await settle();
      }
      monotonic = end;
      await settle();
    },
  };
}
