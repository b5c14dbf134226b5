import { concatMap, map, type Observable } from 'rxjs';
import type { Sink } from '../sinks/sink.ts';
import type { Checkpointed } from './pull.ts';

/**
 * Gives checkpointed samples to the sink at once and lets them go on, in order, when its destinations have them. Later
 * ones need not wait for a destination that hangs (the sink has a queue for each); the credits bound how many may pass.
 */
export const publish =
  (sink: Sink, signal: AbortSignal) =>
  (checkpoints: Observable<Checkpointed>): Observable<Checkpointed> =>
    checkpoints.pipe(
      map((kept) => ({ kept, published: begin(sink, kept, signal) })),
      concatMap(async ({ kept, published }) => {
        await published;
        return kept;
      }),
    );

function begin(sink: Sink, { samples }: Checkpointed, signal: AbortSignal): Promise<void> {
  if (samples.length === 0) return Promise.resolve();
  const published = sink.publish(samples, signal);
  // Whoever awaits it in its turn is told of a failure; until then it is not unhandled.
  published.catch(() => undefined);
  return published;
}
