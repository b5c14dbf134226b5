import { map, type Observable } from 'rxjs';
import type { Closed } from '../model/closed.ts';
import { type DeriveRules, derive as samplesOf } from '../model/derive.ts';
import type { Sample } from '../model/sample.ts';
import type { Report } from '../runtime/events.ts';
import type { Derived, Windowed } from './pull.ts';

/** Makes samples of finished windows: every selected meter. `watch` looks at them. */
export const derive =
  (rules: DeriveRules, report: Report, watch?: (samples: readonly Sample[]) => void) =>
  (pulls: Observable<Windowed>): Observable<Derived> =>
    pulls.pipe(
      map(({ closed, moved, isLast, trace }) => {
        const samples = closed.map(({ owned, closed: windows }) => ({ owned, samples: samplesOf(windows, rules) }));
        const sizes = new Set(closed.flatMap((each) => each.closed.sizes));
        for (const size of [...sizes].sort((a, b) => a - b)) {
          const windows = closed.reduce((sum, each) => sum + countOf(each.closed, size), 0);
          const made = samples.reduce((sum, each) => sum + madeOf(each.samples, size), 0);
          if (windows > 0) report({ event: 'windows.emitted', size, windows, samples: made });
        }
        if (watch) for (const each of samples) watch(each.samples);
        return { samples, moved, isLast, trace };
      }),
    );

const madeOf = (samples: readonly { readonly windowStart: number; readonly windowEnd: number }[], size: number) =>
  samples.filter(({ windowStart, windowEnd }) => windowEnd - windowStart === size).length;

/** Finished windows of the series of one size. */
const countOf = ({ sizes, counters, gauges, statuses }: Closed, of: number): number =>
  [counters, gauges, statuses].reduce((sum, closed) => sum + closed.filter(({ size }) => sizes[size] === of).length, 0);
