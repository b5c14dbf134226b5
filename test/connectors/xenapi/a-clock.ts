import { type Clock, systemClock } from '../../../pipeline/runtime/clock.ts';

/** Time runs so many times faster for whoever sleeps. */
export const SPEED = 5;

/** The system's clock, which can be put forward without waking sleepers, and whose sleeps are short. */
export interface JumpClock extends Clock {
  /** Both of its times go forward. */
  jump(seconds: number): void;
}

export function jumpClock(startS: number): JumpClock {
  let ahead = 0;
  const begun = systemClock.monotonic();
  const passed = (): number => systemClock.monotonic() - begun + ahead;
  return {
    now: () => startS * 1e6 + passed(),
    monotonic: () => 5_000_000 + passed(),
    sleep: (ms, signal) => systemClock.sleep(ms / SPEED, signal),
    random: () => 0,
    jump: (seconds) => {
      ahead += seconds * 1e6;
    },
  };
}
