import { SavedStateError } from '../../model/saved-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import { orAborted } from '../../runtime/deadline.ts';
import type { Report } from '../../runtime/events.ts';
import { isPassing, RedisError, remedyFor } from './error.ts';

/** Waits for a server that is away, within the call that needs it. */
export interface Patience {
  /** The outcome of `work`, tried again until the signal aborts; rejects with a RedisError, or the signal's reason. */
  patiently<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** What went wrong with the connection itself: commands only say that there is none. */
  heard(error: Error): void;
  /** Why the server is away; null while it is not. */
  reason(): RedisError | null;
}

const FIRST_WAIT_MS = 50;
const LAST_WAIT_MS = 2000;
/** What commands say while there is no connection: the connection's own error says more. */
const NO_CONNECTION = /Connection is closed|enableOfflineQueue|max retries per request|Failed to refresh slots/i;

/** `server` is named in messages. That it is away is reported once, and so is that it answers. */
export function createPatience(server: string, clock: Clock, report: Report): Patience {
  let hasAnswered = false;
  let away: RedisError | null = null;
  let last: Error | null = null;
  const reasonOf = (error: unknown): string => {
    const message = error instanceof Error ? error.message : String(error);
    if (!NO_CONNECTION.test(message)) return message;
    return last === null ? 'it does not answer (a port without TLS keeps silent to rediss://, for one)' : last.message;
  };
  const explained = (error: unknown): RedisError => {
    const reason = reasonOf(error);
    const remedy = remedyFor(reason);
    const text = `Redis at ${server}: ${reason}${remedy === undefined ? '' : `; ${remedy}`}`;
    return new RedisError(text, { cause: error });
  };
  return {
    heard: (error) => {
      last = error;
    },
    reason: () => away,
    patiently: async (work, signal) => {
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LAST_WAIT_MS)) {
        signal.throwIfAborted();
        try {
          const result = await orAborted(work(), signal);
          if (!hasAnswered || away !== null) report({ event: 'state.back' });
          hasAnswered = true;
          away = null;
          last = null;
          return result;
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof SavedStateError || error instanceof RedisError || error instanceof TypeError)
            throw error;
          const told = explained(error);
          if (!isPassing(error) || (last !== null && !isPassing(last))) throw told;
          if (away === null) report({ event: 'state.away', error: told });
          away = told;
          await orAborted(clock.sleep(waitMs, signal), signal);
        }
      }
    },
  };
}
