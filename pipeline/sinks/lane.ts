import type { Sample } from '../model/sample.ts';
import type { Report } from '../runtime/events.ts';
import type { Tracing } from '../runtime/tracing.ts';
import type { Parcel, ParcelPart } from './parcel.ts';
import type { Sink } from './sink.ts';
import type { OUTBOX_POLICIES } from './subscription.ts';

export interface LaneOptions {
  /** Samples that may wait, what is being published included; a parcel that is larger waits alone. */
  readonly samples: number;
  readonly policy: (typeof OUTBOX_POLICIES)[number];
  /** Those of the samples that the sink gets. */
  readonly choose: (samples: readonly Sample[]) => readonly Sample[];
  readonly tracing?: Tracing | undefined;
  /** How often the destination was offered something so far; for the trace. */
  readonly attempts?: (() => number) | undefined;
}

/** What waits for one sink, in order; the sink gets one parcel after the other. */
export interface Lane {
  readonly sink: Sink;
  /** Resolves when another parcel may be put here; rejects with the signal's reason. */
  room(parcel: Parcel, signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the sink has what it gets of the parcel, or that was dropped for later ones; in the order of the calls.
   * Rejects as the sink does, and then for every later parcel as well.
   */
  put(parcel: Parcel, signal: AbortSignal): Promise<void>;
}

interface Waiting {
  readonly parcel: Parcel;
  readonly parts: readonly ParcelPart[];
  readonly count: number;
  readonly signal: AbortSignal;
  resolve(): void;
  reject(error: unknown): void;
}

/** The sink's lane. What `drop-oldest` drops is counted as `sample.dropped`, reason `outbox_full`. */
export function createLane(sink: Sink, options: LaneOptions, report: Report): Lane {
  const { samples: capacity, policy, choose, tracing, attempts = () => 0 } = options;
  const queue: Waiting[] = [];
  const forRoom = new Set<() => void>();
  let waiting = 0;
  let isPublishing = false;
  let failure: { readonly error: unknown } | undefined;

  const level = (change: number): void => {
    waiting += change;
    report({ event: 'sink.waiting', sink: sink.name, samples: waiting });
    if (change < 0) for (const wake of [...forRoom]) wake();
  };
  const fits = (count: number): boolean => waiting === 0 || waiting + count <= capacity;
  const partsFor = ({ parts, has }: Parcel): readonly ParcelPart[] =>
    has.has(sink.name)
      ? []
      : parts.flatMap((part) => {
          const samples = choose(part.samples);
          return samples.length === 0 ? [] : [{ samples, isWanted: part.isWanted }];
        });

  async function publish({ parcel, parts, signal }: Waiting): Promise<void> {
    if (failure !== undefined) throw failure.error;
    signal.throwIfAborted();
    const batch = parts.flatMap((part) => (part.isWanted() ? part.samples : []));
    if (batch.length === 0) return;
    const before = attempts();
    const attributes = { sink: sink.name, samples: batch.length };
    const span = tracing?.begin({ name: 'publish', role: 'client', causes: parcel.traces, attributes });
    try {
      await sink.publish(batch, signal);
      span?.end({ attempts: attempts() - before });
    } catch (error) {
      span?.end({ attempts: attempts() - before }, error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }
  async function work(): Promise<void> {
    isPublishing = true;
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      await publish(next).then(next.resolve, (error: unknown) => {
        failure = { error };
        next.reject(error);
      });
      queue.shift();
      level(-next.count);
    }
    isPublishing = false;
  }
  /** What is dropped keeps its place, empty: to have a parcel is to have all before it, and that may still be on its way. */
  function dropOldest(count: number): void {
    // The first one is on its way.
    for (let index = 1; index < queue.length && !fits(count); index++) {
      const oldest = queue[index];
      if (oldest === undefined || oldest.count === 0) continue;
      queue[index] = { ...oldest, parts: [], count: 0 };
      report({ event: 'sample.dropped', sink: sink.name, reason: 'outbox_full', count: oldest.count });
      level(-oldest.count);
    }
  }

  return {
    sink,
    async room(parcel, signal) {
      if (policy === 'drop-oldest') return;
      const count = countOf(partsFor(parcel));
      while (count > 0 && !fits(count)) await turn(forRoom, signal);
    },
    put(parcel, signal) {
      const parts = partsFor(parcel);
      const count = countOf(parts);
      if (policy === 'drop-oldest') dropOldest(count);
      const delivered = new Promise<void>((resolve, reject) => {
        queue.push({ parcel, parts, count, signal, resolve, reject });
      });
      level(count);
      if (!isPublishing) void work();
      return delivered.then(() => {
        parcel.has.add(sink.name);
      });
    },
  };
}

const countOf = (parts: readonly ParcelPart[]): number => parts.reduce((sum, { samples }) => sum + samples.length, 0);

/** Resolves when woken; rejects with the signal's reason when it aborts. */
const turn = (waiting: Set<() => void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const wake = (): void => {
      waiting.delete(wake);
      signal.removeEventListener('abort', wake);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    waiting.add(wake);
    if (signal.aborted) wake();
    else signal.addEventListener('abort', wake, { once: true });
  });
