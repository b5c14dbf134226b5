/** Series that had no sample for so long are forgotten. */
const FORGET_AFTER_US = 7 * 86_400_000_000;
/** More series than one process has: what is then forgotten has been silent for longest. */
const MOST_SERIES = 2_000_000;

/** Values by key, as many as were set lately. */
export interface Recent<Value> {
  get(key: string): Value | undefined;
  /** Sets a value at an event time in µs. */
  set(key: string, value: Value, timeUs: number): void;
  delete(key: string): void;
  /** In the order in which keys were first set. */
  entries(): IterableIterator<readonly [string, Value]>;
  /** Lets go of what was not set for seven days of event time, or is beyond two million keys. */
  forget(): void;
}

/** Ceilometer keeps all of this for ever; ours is bounded. */
export function createRecent<Value>(mostSeries = MOST_SERIES): Recent<Value> {
  const values = new Map<string, Value>();
  // By the last time set, the longest ago first.
  const times = new Map<string, number>();
  let newestUs = Number.NEGATIVE_INFINITY;
  const remove = (key: string): void => {
    values.delete(key);
    times.delete(key);
  };
  return {
    get: (key) => values.get(key),
    set(key, value, timeUs) {
      newestUs = Math.max(newestUs, timeUs);
      values.set(key, value);
      times.delete(key);
      times.set(key, timeUs);
    },
    delete: remove,
    entries: () => values.entries(),
    forget() {
      for (const [key, timeUs] of times) {
        if (times.size <= mostSeries && timeUs >= newestUs - FORGET_AFTER_US) return;
        remove(key);
      }
    },
  };
}
