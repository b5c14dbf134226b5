import type { Clock } from './clock.ts';

/** Something did not end in its time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Runs `body` with a signal that aborts after `ms` milliseconds, or with `outer`. Rejects with a DeadlineError that says
 * `what` did not end as soon as the time is over, whether or not `body` heeds its signal.
 */
export async function within<Result>(
  clock: Clock,
  ms: number,
  what: string,
  body: (signal: AbortSignal) => Promise<Result>,
  outer?: AbortSignal,
): Promise<Result> {
  const over = new AbortController();
  const timer = new AbortController();
  const signal = outer === undefined ? over.signal : AbortSignal.any([over.signal, outer]);
  const aborted = new Promise<never>((_, reject) => {
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  clock.sleep(ms, timer.signal).then(
    () => over.abort(new DeadlineError(`${what} did not end within ${ms / 1000} s`)),
    // The body was faster: the timer was told to go.
    () => undefined,
  );
  try {
    return await Promise.race([body(signal), aborted]);
  } finally {
    timer.abort();
  }
}
