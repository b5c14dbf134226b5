import type { Lane } from './lane.ts';
import type { Parcel } from './parcel.ts';
import { SinkError } from './sink.ts';

/**
 * Where the pipeline delivers: every sink gets every parcel (its part of it), in order, at its own speed. One that fails
 * or lags holds nothing back from the others, until its outbox is full and its policy is to block.
 */
export interface Delivery {
  /** The names of the sinks, in their order. */
  readonly sinks: readonly string[];
  /** Connects what can be connected early, so that a wrong destination shows at start. */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the parcel waits in all outboxes, with the promise of its delivery; in the order of the calls.
   * `delivered` resolves when every sink has it or has dropped it, which may be before it has those ahead of it. It
   * rejects as soon as one sink does, whatever becomes of the others; with the closed pipe if there is one.
   */
  offer(parcel: Parcel, signal: AbortSignal): Promise<{ readonly delivered: Promise<void> }>;
  /** Lets go of all destinations. */
  close(): Promise<void>;
}

/** Delivers to these lanes. */
export function fanout(lanes: readonly Lane[]): Delivery {
  let before: Promise<unknown> = Promise.resolve();
  return {
    sinks: lanes.map(({ sink }) => sink.name),
    open: (signal) => allOf(lanes.map(async ({ sink }) => sink.open?.(signal))),
    offer(parcel, signal) {
      const offered = before.then(async () => {
        for (const lane of lanes) await lane.room(parcel, signal);
        const delivered = allUnlessOne(lanes.map((lane) => lane.put(parcel, signal)));
        // Whoever awaits it in its turn is told of a failure; until then it is not unhandled.
        delivered.catch(() => undefined);
        return { delivered };
      });
      before = offered.catch(() => undefined);
      return offered;
    },
    close: () => allOf(lanes.map(({ sink }) => sink.close())),
  };
}

/** Does not wait for the others where one has failed: they may be away for long. */
async function allUnlessOne(tasks: readonly Promise<unknown>[]): Promise<void> {
  const errors: unknown[] = [];
  for (const task of tasks) task.catch((error: unknown) => errors.push(error));
  await Promise.all(tasks).catch((error: unknown) => {
    throw errors.find(isPipeClosed) ?? error;
  });
}

async function allOf(tasks: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(tasks);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

const isPipeClosed = (error: unknown): boolean => error instanceof SinkError && error.code === 'pipe_closed';
