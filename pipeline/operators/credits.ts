/** How many pulls may be under way: RxJS has no back-pressure, so there has to be room before Kafka is asked. */
export interface Credits {
  /** Resolves when a pull may begin; rejects with the signal's reason when it aborts. */
  room(signal: AbortSignal): Promise<void>;
  /** A pull has brought something. */
  take(): void;
  /** A pull is done with. */
  give(): void;
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
    room: async (signal) => {
      for (signal.throwIfAborted(); used >= limit; signal.throwIfAborted()) await turn(waiting, signal);
    },
    take: () => {
      used++;
    },
    give: () => {
      used--;
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
