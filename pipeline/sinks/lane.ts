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
   * Resolves when the sink has what it gets of the parcel, in the order of the calls; of a parcel that was dropped for later
   * ones, or of which it gets nothing, at once, and nothing of it is held on to. Rejects as the sink does, and then for every
   * later parcel as well.
   */
  put(parcel: Parcel, signal: AbortSignal): Promise<void>;
}

interface Waiting extends Pick<Parcel, 'parts' | 'traces'> {
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

  async function publish({ traces, parts, signal }: Waiting): Promise<void> {
    if (failure !== undefined) throw failure.error;
    signal.throwIfAborted();
    const batch = parts.flatMap((part) => (part.isWanted() ? part.samples : []));
    if (batch.length === 0) return;
    const before = attempts();
    const attributes = { sink: sink.name, samples: batch.length };
    const span = tracing?.begin({ name: 'publish', role: 'client', causes: traces, attributes });
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
  function dropOldest(count: number): void {
    let dropped = 0;
    let end = 1;
    // The first one is on its way.
    for (let left = waiting; end < queue.length && left > 0 && left + count > capacity; end++) {
      const oldest = (queue[end] as Waiting).count;
      left -= oldest;
      dropped += oldest;
    }
    for (const { resolve } of queue.splice(1, end - 1)) resolve();
    if (dropped === 0) return;
    report({ event: 'sample.dropped', sink: sink.name, reason: 'outbox_full', count: dropped });
    level(-dropped);
  }

  return {
    sink,
    async room(parcel, signal) {
      if (policy === 'drop-oldest') return;
      const count = countOf(partsFor(parcel));
      while (count > 0 && !fits(count)) await turn(forRoom, signal);
    },
    async put(parcel, signal) {
      const { traces, has } = parcel;
      const parts = partsFor(parcel);
      const count = countOf(parts);
      if (failure !== undefined) throw failure.error;
      if (count > 0) {
        if (policy === 'drop-oldest') dropOldest(count);
        const done = new Promise<void>((resolve, reject) => {
          queue.push({ parts, count, traces, signal, resolve, reject });
        });
        level(count);
        if (!isPublishing) void work();
        await done;
      }
      has.add(sink.name);
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
