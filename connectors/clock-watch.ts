import type { Clock } from '../pipeline/runtime/clock.ts';
import type { Report } from '../pipeline/runtime/events.ts';
import { pause } from './in-time.ts';

const LOOK_MS = 1000;
/** Steering by NTP moves a clock by less than a millisecond a second. */
const STEP_US = 100_000;

/** Reports each time that the wall clock moves otherwise than the monotonic one, until stopped. */
export async function watchClock(clock: Clock, report: Report, stop: AbortSignal): Promise<void> {
  const offset = (): number => clock.now() - clock.monotonic();
  for (let before = offset(); !stop.aborted; ) {
    await pause(clock, LOOK_MS, stop);
    const now = offset();
    if (Math.abs(now - before) > STEP_US) report({ event: 'clock.stepped', stepUs: now - before });
    before = now;
  }
}
