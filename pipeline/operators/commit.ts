import { concatMap, type Observable } from 'rxjs';
import type { LogStore } from '../state/memory.ts';
import type { Derived } from './pull.ts';

/** How far each partition is delivered, until it is checkpointed. */
export interface Delivered {
  add(next: ReadonlyMap<number, number>): void;
  /** Checkpoints what was added. */
  flush(): Promise<void>;
}

export function createDelivered(store: LogStore): Delivered {
  let through = new Map<number, number>();
  return {
    add: (next) => {
      for (const [partition, offset] of next) through.set(partition, offset);
    },
    flush: async () => {
      if (through.size === 0) return;
      const now = through;
      through = new Map();
      await store.checkpoint(now);
    },
  };
}

/**
 * Checkpoints what is delivered: at once after a pull that published something, so that a crash repeats as little as
 * can be; otherwise the offsets gather until `isDue`.
 */
export const commit =
  (delivered: Delivered, isDue: () => boolean) =>
  (pulls: Observable<Derived>): Observable<Derived> =>
    pulls.pipe(
      concatMap(async (pull) => {
        delivered.add(pull.next);
        if (pull.samples.length > 0 || isDue()) await delivered.flush();
        return pull;
      }),
    );
