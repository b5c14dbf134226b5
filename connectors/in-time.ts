import type { Clock } from '../pipeline/runtime/clock.ts';
import { DeadlineError, follow, within } from '../pipeline/runtime/deadline.ts';
import { EndpointError } from './connector.ts';

/** How long work for an endpoint may take, and what else ends it. */
export interface Limit {
  readonly clock: Clock;
  readonly endpoint: string;
  readonly ms: number;
  /** What the work is, for the message. */
  readonly what: string;
  /** Ends the wait as `lost`. */
  readonly stop?: AbortSignal;
}

/**
 * The outcome of work that is aborted, and no longer waited for, when it takes too long or is stopped: then it rejects
 * with an EndpointError. An outcome that comes after that goes to `late`, to let go of what was opened.
 */
export async function inTime<T>(
  { clock, endpoint, ms, what, stop }: Limit,
  work: (signal: AbortSignal) => Promise<T>,
  late: (outcome: T) => Promise<void>,
): Promise<T> {
  let given: Promise<T> | undefined;
  const begin = (signal: AbortSignal): Promise<T> => {
    given = work(signal);
    return given;
  };
  try {
    return await within(clock, ms, what, begin, stop);
  } catch (error) {
    // Its failure was given up on and is told as this error; what it still opens must be let go.
    given?.then(late).catch(() => undefined);
    if (error instanceof DeadlineError) throw new EndpointError('timeout', endpoint, withCause(error), error);
    throw stop?.aborted && error === stop.reason ? new EndpointError('lost', endpoint, `${what} was stopped`) : error;
  }
}

const withCause = ({ message, cause }: DeadlineError): string =>
  cause instanceof EndpointError ? `${message}: ${cause.told}` : message;

/** Sleeps for so long, until stopped, or until woken, whichever comes first. */
export async function pause(clock: Clock, ms: number, stop: AbortSignal, woken?: AbortController): Promise<void> {
  const until = woken?.signal ?? stop;
  const letGo = woken && follow(woken, stop);
  try {
    await clock.sleep(ms, until);
  } catch (reason) {
    if (!until.aborted) throw reason;
  } finally {
    letGo?.();
  }
}
