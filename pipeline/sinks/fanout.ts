import type { Sample } from '../model/sample.ts';
import { type Sink, SinkError } from './sink.ts';

/** How many batches one sink may be behind, the one it works on included, before all are held back. */
const LANE_BATCHES = 16;

/**
 * One sink of several: each gets every batch, in order and one at a time, at its own speed. Unlike a single sink it
 * takes a batch while earlier ones are still out, so that a destination that fails or lags does not stop the others;
 * but when `capacity` batches wait for one, the next is held back from all. `publish` resolves when all have the
 * batch. Once all are done with it, it rejects with the first error in the order of the sinks, or with the closed
 * pipe if there is one.
 */
export function fanout(sinks: readonly Sink[], capacity: number = LANE_BATCHES): Sink {
  const lanes = sinks.map((sink) => createLane(sink, capacity));
  let admitted: Promise<unknown> = Promise.resolve();
  return {
    name: sinks.map(({ name }) => name).join('+'),
    async open(signal) {
      await allOf(sinks.map(async (sink) => sink.open?.(signal)));
    },
    async publish(batch, signal) {
      const deliveries = admitted
        .then(() => Promise.all(lanes.map((lane) => lane.room())))
        .then(() => lanes.map((lane) => lane.publish(batch, signal)));
      admitted = deliveries;
      await allOf(await deliveries);
    },
    async close() {
      await allOf(sinks.map((sink) => sink.close()));
    },
  };
}

interface Lane {
  /** Resolves when another batch may wait here. */
  room(): Promise<void>;
  publish(batch: readonly Sample[], signal: AbortSignal): Promise<void>;
}

function createLane(sink: Sink, capacity: number): Lane {
  const waiting: Promise<unknown>[] = [];
  return {
    async room() {
      while (waiting.length >= capacity) await waiting[0];
    },
    async publish(batch, signal) {
      const delivered = deliver(waiting.at(-1), sink, batch, signal);
      const settled = Promise.allSettled([delivered]).then(() => {
        waiting.splice(0, 1);
      });
      waiting.push(settled);
      await delivered;
    },
  };
}

async function deliver(
  before: Promise<unknown> | undefined,
  sink: Sink,
  batch: readonly Sample[],
  signal: AbortSignal,
): Promise<void> {
  await before;
  signal.throwIfAborted();
  await sink.publish(batch, signal);
}

async function allOf(tasks: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(tasks);
  const errors: readonly unknown[] = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  if (errors.length > 0) throw errors.find(isPipeClosed) ?? errors[0];
}

const isPipeClosed = (error: unknown): boolean => error instanceof SinkError && error.code === 'pipe_closed';
