import type { Trend } from './model.ts';

/** What has been counted by a moment; undefined: it cannot be known. */
export interface Counted {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly readings: number;
  readonly samples: number;
  readonly polls: number;
  readonly lag: number | undefined;
  readonly inFlight: number;
}

interface Step extends Omit<Counted, 'lag'> {
  readonly lag: number | null;
}

/** Keeps the latest `most` looks at what was counted, and tells what a second brought between them. */
export class TrendRing {
  readonly #most: number;
  readonly #steps: Step[] = [];
  #last: Counted | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  take(counted: Counted): void {
    const last = this.#last;
    this.#last = counted;
    const seconds = last === null ? 0 : (counted.at - last.at) / 1000;
    // A clock that was set gives no rate.
    if (last === null || seconds <= 0) return;
    const perSecond = (name: 'readings' | 'samples' | 'polls'): number => (counted[name] - last[name]) / seconds;
    this.#steps.push({
      at: counted.at,
      readings: perSecond('readings'),
      samples: perSecond('samples'),
      polls: perSecond('polls'),
      lag: counted.lag ?? null,
      inFlight: counted.inFlight,
    });
    if (this.#steps.length > this.#most) this.#steps.shift();
  }

  trend(): Trend {
    const of = <Name extends keyof Step>(name: Name): Step[Name][] => this.#steps.map((step) => step[name]);
    return {
      at: of('at'),
      readings: of('readings'),
      samples: of('samples'),
      polls: of('polls'),
      lag: of('lag'),
      inFlight: of('inFlight'),
    };
  }
}
