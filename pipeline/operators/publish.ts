import { concatMap, type Observable } from 'rxjs';
import type { Delivery } from '../sinks/fanout.ts';
import type { Checkpointed, Published } from './pull.ts';

/**
 * Puts checkpointed samples into the outboxes of all sinks, in order, and lets them go on from there: what a sink that is
 * away has to wait with holds nothing back until its outbox is full. What waits for room when the signal aborts goes on as
 * what is never delivered.
 */
export const publish =
  (delivery: Delivery, signal: AbortSignal) =>
  (checkpoints: Observable<Checkpointed>): Observable<Published> =>
    checkpoints.pipe(
      concatMap(async (kept) => {
        if (!hasSamples(kept)) return { ...kept, delivered: Promise.resolve() };
        const { delivered } = await delivery.offer(kept, signal).catch((error: unknown) => {
          if (signal.aborted) return { delivered: never(error) };
          throw error;
        });
        return { ...kept, delivered };
      }),
    );

/** It was not even put into the outboxes; whoever counts what is left is told. */
function never(error: unknown): Promise<never> {
  const delivered = Promise.reject(error);
  delivered.catch(() => undefined);
  return delivered;
}

const hasSamples = ({ parts }: Checkpointed): boolean => parts.some(({ samples }) => samples.length > 0);
