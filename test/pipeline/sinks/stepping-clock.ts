import type { Clock } from '../../../pipeline/runtime/clock.ts';

export interface SteppingClock extends Clock {
  /** Every sleep asked for, in ms. */
  readonly slept: readonly number[];
  step(ms: number): void;
}

/** A clock on which sleeping takes no time but moves it; chance is always one half. */
export function steppingClock(): SteppingClock {
  const slept: number[] = [];
  let nowUs = Date.UTC(2026, 10, 22, 14) * 1000;
  return {
    slept,
    now: () => nowUs,
    monotonic: () => nowUs,
    random: () => 0.5,
    step: (ms) => {
      nowUs += ms * 1000;
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      nowUs += ms * 1000;
      // Lets whoever watches the sleeps act between two of them.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
}
