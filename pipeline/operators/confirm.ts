import { Observable } from 'rxjs';
import type { Clock } from '../runtime/clock.ts';
import type { Report } from '../runtime/events.ts';
import type { StateStore } from '../state/store.ts';
import type { Published } from './pull.ts';
import { type Unconfirmed, wantedOf } from './unconfirmed.ts';

export interface ConfirmDeps {
  readonly store: StateStore;
  readonly unconfirmed: Unconfirmed;
  readonly clock: Clock;
  readonly report: Report;
  /** Aborted: what is not delivered by then is left for the next owner. */
  readonly signal: AbortSignal;
}

/** While a sink lags, how far the others are is noted this often. */
const MARK_EVERY_MS = 1000;
/** When time is up, what waited for room in an outbox is waited for so long, to be counted with what is left. */
const COUNT_MS = 1000;

/**
 * Notes in the store what is delivered, in the order of the checkpoints, so that it is not delivered again. While a sink
 * lags, the store is told how far the others are. Completes when all is delivered that came, or when the signal aborts, with
 * what is left told.
 */
export const confirm =
  (deps: ConfirmDeps) =>
  (published: Observable<Published>): Observable<Published> =>
    new Observable((subscriber) => {
      const { unconfirmed } = deps;
      const end = new AbortController();
      let underWay = false;
      const proceed = async (): Promise<void> => {
        underWay = true;
        for (let next = unconfirmed.first(); next !== undefined && !subscriber.closed; next = unconfirmed.first()) {
          if (!(await isDelivered(deps))) return await leave();
          const confirmed = wantedOf(next).map((part) => part.confirmed);
          if (confirmed.length > 0) await deps.store.confirm(confirmed, deps.signal);
          unconfirmed.shift();
          subscriber.next(next);
        }
        underWay = false;
        if (end.signal.aborted) subscriber.complete();
      };
      const leave = async (): Promise<void> => {
        await isTime(deps.clock, COUNT_MS, end.signal);
        deps.report({ event: 'publish.left', samples: unconfirmed.samples() });
        subscriber.complete();
      };
      const run = (): void => {
        if (!underWay) proceed().catch((error: unknown) => subscriber.error(error));
      };
      return published.subscribe({
        next: (each) => {
          unconfirmed.add(each);
          run();
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          end.abort();
          run();
        },
      });
    });

/** Waits for the oldest, marking meanwhile; false if the signal aborted first. Rejects as a delivery does. */
async function isDelivered({ unconfirmed, clock, signal }: ConfirmDeps): Promise<boolean> {
  const over = new AbortController();
  const outcome = unconfirmed.delivered().then(
    () => true,
    (error: unknown) => {
      if (signal.aborted) return false;
      throw error;
    },
  );
  const marking = (async (): Promise<void> => {
    while (await isTime(clock, MARK_EVERY_MS, over.signal)) await unconfirmed.mark(signal);
  })();
  marking.catch(() => undefined);
  try {
    return await outcome;
  } finally {
    over.abort();
    // The store is told one thing after the other.
    await marking;
  }
}

/** False if it is over before. */
const isTime = (clock: Clock, ms: number, over: AbortSignal): Promise<boolean> =>
  clock.sleep(ms, over).then(
    () => true,
    () => false,
  );
