import type { Clock } from '../runtime/clock.ts';

/** Stands for an outcome that did not come in time. */
export const LATE: unique symbol = Symbol('late');

/** The outcome of `work`, or LATE after `ms` milliseconds; the work itself goes on. A late rejection is not lost: `onLate` gets it. */
export async function within<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  onLate: (error: unknown) => void,
): Promise<T | typeof LATE> {
  const timer = new AbortController();
  const late = clock.sleep(ms, timer.signal).then<typeof LATE, typeof LATE>(
    () => LATE,
    () => LATE,
  );
  try {
    const first = await Promise.race([work, late]);
    if (first === LATE) work.catch(onLate);
    return first;
  } finally {
    timer.abort();
  }
}
