import { concatMap, type Observable } from 'rxjs';
import type { Delivery } from '../sinks/fanout.ts';
import type { Checkpointed, Published } from './pull.ts';

/**
 * Puts checkpointed samples into the outboxes of all sinks, in order, and lets them go on from there: what a sink that is
 * away has to wait with holds nothing back until its outbox is full.
 */
export const publish =
  (delivery: Delivery, signal: AbortSignal) =>
  (checkpoints: Observable<Checkpointed>): Observable<Published> =>
    checkpoints.pipe(
      concatMap(async (kept) => {
        const { delivered } = hasSamples(kept) ? await delivery.offer(kept, signal) : NOTHING;
        return { ...kept, delivered };
      }),
    );

const NOTHING = { delivered: Promise.resolve() };

const hasSamples = ({ parts }: Checkpointed): boolean => parts.some(({ samples }) => samples.length > 0);
