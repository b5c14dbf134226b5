/**
 * How many pulls may be under way: RxJS has no back-pressure, so Kafka is asked only when a credit is free. The credit
 * is taken when messages came: asking alone is nothing under way, as it waits while partitions are given back, which
 * in turn waits until nothing is. One asks at a time.
 */
export interface Credits {
  /** Resolves when a credit is free; rejects with the signal's reason when it aborts. */
  free(signal: AbortSignal): Promise<void>;
  isFree(): boolean;
  /** A pull begins. */
  take(): void;
  /** So many pulls are done with. */
  give(count: number): void;
  /** Resolves when no pull is under way. */
  idle(): Promise<void>;
}

export function createCredits(limit: number): Credits {
  let used = 0;
  const waiting = new Set<() => void>();
  const idling = new Set<() => void>();
  const wake = (sleepers: Set<() => void>): void => {
    const all = [...sleepers];
    sleepers.clear();
    for (const resume of all) resume();
  };
  return {
    free: async (signal) => {
      for (signal.throwIfAborted(); used >= limit; signal.throwIfAborted()) await turn(waiting, signal);
    },
    isFree: () => used < limit,
    take: () => {
      used++;
    },
    give: (count) => {
      used -= count;
      wake(waiting);
      if (used === 0) wake(idling);
    },
    idle: async () => {
      if (used > 0) await new Promise<void>((resolve) => idling.add(resolve));
    },
  };
}

/** Resolves when woken, or when the signal aborts. */
const turn = (waiting: Set<() => void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const resume = (): void => {
      waiting.delete(resume);
      signal.removeEventListener('abort', resume);
      resolve();
    };
    waiting.add(resume);
    signal.addEventListener('abort', resume);
  });
