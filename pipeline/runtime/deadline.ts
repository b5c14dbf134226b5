import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.ts';

/** Something did not end in its time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** Stands for an outcome that did not come in time. */
export const LATE: unique symbol = Symbol('late');

/** The outcome of `work`, or LATE after `ms` milliseconds; the work itself goes on. A late rejection is not lost: `onLate` gets it. */
export async function orLate<Result>(
  clock: Clock,
  ms: number,
  work: Promise<Result>,
  onLate: (error: unknown) => void,
): Promise<Result | typeof LATE> {
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

/**
 * The outcome of `work`, or the signal's reason if that aborts first: for what cannot be cancelled but must not be
 * waited for. What the work comes to afterwards is let go.
 */
export function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const abort = () => reject(signal.reason);
    setMaxListeners(0, signal); // as many as there are calls at once
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Aborts `inner` when `outer` aborts, until the returned function is called. For what comes and goes often beside an
 * `outer` that lives long: AbortSignal.any leaves some bytes in that each time, which Node 20 never takes out.
 */
export function follow(inner: AbortController, outer: AbortSignal): () => void {
  const abort = () => inner.abort(outer.reason);
  if (outer.aborted) abort();
  setMaxListeners(0, outer); // as many as there are calls at once
  outer.addEventListener('abort', abort, { once: true });
  return () => outer.removeEventListener('abort', abort);
}

/**
 * Runs `body` with a signal that aborts after `ms` milliseconds, or with `outer`. Rejects with a DeadlineError that says
 * `what` did not end, or with the reason of `outer`, at once, whether or not `body` heeds its signal. Its cause: what the
 * body was waiting for, if it rejects at once with an error whose cause is the signal's reason.
 */
export async function within<Result>(
  clock: Clock,
  ms: number,
  what: string,
  body: (signal: AbortSignal) => Promise<Result>,
  outer?: AbortSignal,
): Promise<Result> {
  const over = new AbortController();
  const letGo = outer === undefined ? () => undefined : follow(over, outer);
  try {
    const work = outer === undefined ? body(over.signal) : orAborted(body(over.signal), outer);
    // What comes late is answered with the DeadlineError.
    const outcome = await orLate(clock, ms, work, () => undefined);
    if (outcome !== LATE) return outcome;
    const reason = new DeadlineError(`${what} did not end within ${ms / 1000} s`);
    over.abort(reason);
    const cause = await toldAtOnce(work, reason);
    throw cause === null ? reason : new DeadlineError(reason.message, { cause });
  } finally {
    letGo();
  }
}

/** What work says of having been aborted for this reason, if it says it without waiting for anything. */
async function toldAtOnce(work: Promise<unknown>, reason: Error): Promise<Error | null> {
  const told = work.then(
    () => null,
    (error: unknown) => error,
  );
  const first = await Promise.race([told, new Promise<null>((resolve) => setImmediate(resolve, null))]);
  return first instanceof Error && first.cause === reason ? first : null;
}
