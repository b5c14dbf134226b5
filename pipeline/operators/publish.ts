import { concatMap, map, type Observable } from 'rxjs';
import type { Sink } from '../sinks/sink.ts';
import type { Derived } from './pull.ts';

/**
 * Gives a pull's samples to the sink at once and lets the pull go on, in order, when its destinations have them. Later
 * pulls need not wait for a destination that hangs (the sink has a queue for each); the credits bound how many may pass.
 */
export const publish =
  (sink: Sink, signal: AbortSignal) =>
  (pulls: Observable<Derived>): Observable<Derived> =>
    pulls.pipe(
      map((pull) => ({ pull, published: begin(sink, pull, signal) })),
      concatMap(async ({ pull, published }) => {
        await published;
        return pull;
      }),
    );

function begin(sink: Sink, { samples }: Derived, signal: AbortSignal): Promise<void> {
  if (samples.length === 0) return Promise.resolve();
  const published = sink.publish(samples, signal);
  // Whoever awaits it in its turn is told of a failure; until then it is not unhandled.
  published.catch(() => undefined);
  return published;
}
