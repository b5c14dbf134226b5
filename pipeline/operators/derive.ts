import { map, type Observable } from 'rxjs';
import type { Closed } from '../model/closed.ts';
import { type DeriveRules, derive as samplesOf } from '../model/derive.ts';
import type { Report } from '../runtime/events.ts';
import type { Derived, Windowed } from './pull.ts';

/** Makes samples of finished windows: every selected meter. */
export const derive =
  (rules: DeriveRules, report: Report) =>
  (pulls: Observable<Windowed>): Observable<Derived> =>
    pulls.pipe(
      map(({ closed, moved }) => {
        const samples = closed.map(({ owned, closed: windows }) => ({ owned, samples: samplesOf(windows, rules) }));
        for (let w = 0; w < rules.sizes.length; w++) {
          const size = rules.sizes[w] as number;
          const windows = closed.reduce((sum, each) => sum + countOf(each.closed, w), 0);
          const made = samples.reduce((sum, each) => sum + madeOf(each.samples, size), 0);
          if (windows > 0) report({ event: 'windows.emitted', size, windows, samples: made });
        }
        return { samples, moved };
      }),
    );

const madeOf = (samples: readonly { readonly windowStart: number; readonly windowEnd: number }[], size: number) =>
  samples.filter(({ windowStart, windowEnd }) => windowEnd - windowStart === size).length;

/** Finished windows of the series of one size. */
const countOf = ({ counters, gauges, statuses }: Closed, w: number): number =>
  [counters, gauges, statuses].reduce((sum, closed) => sum + closed.filter(({ size }) => size === w).length, 0);
