import { concatMap, type Observable } from 'rxjs';
import type { Sink } from '../sinks/sink.ts';
import type { Derived } from './pull.ts';

/** Gives a pull's samples to the sink, one pull after the other; it goes on when the destination has them. */
export const publish =
  (sink: Sink, signal: AbortSignal) =>
  (pulls: Observable<Derived>): Observable<Derived> =>
    pulls.pipe(
      concatMap(async (pull) => {
        if (pull.samples.length > 0) await sink.publish(pull.samples, signal);
        return pull;
      }),
    );
