import type { Overview, Trend } from '../model.ts';
import type { Member } from './member.ts';

/** A step of every trend, milliseconds. */
const STEP_MS = 5000;
/** A step takes a little longer than it should: by then there is one, milliseconds. */
const LATE_MS = 1.1 * STEP_MS;
/** As many as one process keeps: half an hour. */
const STEPS = 360;

type Series = Exclude<keyof Trend, 'at'>;

/** What all together did in a step; null: one of those whom it concerns has not told. */
export type TrendStep = Readonly<Record<Series, number | null>>;

/**
 * What the processes did in the step that ends at `at`, by this machine's clock: each counts with the first step that it
 * took from then on. One that was never heard does not count; one that is away is missing.
 */
export function stepAt(members: readonly Member[], at: number): TrendStep {
  const sumOf = (series: Series): number | null => {
    const values = members.flatMap(({ overview, aheadMs }) =>
      overview !== null && CONCERNS[series](overview) ? [valueAt(overview.trend, series, at + aheadMs)] : [],
    );
    return values.length === 0
      ? null
      : values.reduce((sum, value) => (sum === null || value === null ? null : sum + value));
  };
  return {
    readings: sumOf('readings'),
    samples: sumOf('samples'),
    polls: sumOf('polls'),
    lag: sumOf('lag'),
    inFlight: sumOf('inFlight'),
  };
}

const meters = ({ pipeline }: Overview): boolean => pipeline !== null;
/** Polls are of those that poll, the lag is of those that read a partition, the rest of those that meter. */
const CONCERNS: Readonly<Record<Series, (overview: Overview) => boolean>> = {
  readings: meters,
  samples: meters,
  inFlight: meters,
  polls: ({ fleet }) => fleet.kind === 'polled',
  lag: ({ pipeline }) => pipeline !== null && pipeline.partitions.length > 0,
};

function valueAt(trend: Trend, series: Series, at: number): number | null {
  let [from, to] = [0, trend.at.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((trend.at[middle] ?? 0) < at) from = middle + 1;
    else to = middle;
  }
  return (trend.at[from] ?? Number.POSITIVE_INFINITY) < at + LATE_MS ? (trend[series][from] ?? null) : null;
}

/** By then every process has told of a step, milliseconds. */
const TOLD_MS = 2 * STEP_MS;

/**
 * The trend of all. What was known of a step stays when a process goes, or comes anew without its past; a step that is
 * not known yet is looked for again.
 */
export class MergedTrend {
  #steps = new Map<number, TrendStep>();

  /** `now`: milliseconds. */
  take(members: readonly Member[], now: number): void {
    const last = Math.floor((now - TOLD_MS) / STEP_MS) * STEP_MS;
    const steps = new Map<number, TrendStep>();
    for (let at = last - (STEPS - 1) * STEP_MS; at <= last; at += STEP_MS) {
      const step = joined(this.#steps.get(at), stepAt(members, at));
      // It begins with the first that anything is known of.
      if (steps.size > 0 || Object.values(step).some((value) => value !== null)) steps.set(at, step);
    }
    this.#steps = steps;
  }

  trend(): Trend {
    const steps = [...this.#steps.values()];
    return {
      at: [...this.#steps.keys()],
      readings: steps.map(({ readings }) => readings),
      samples: steps.map(({ samples }) => samples),
      polls: steps.map(({ polls }) => polls),
      lag: steps.map(({ lag }) => lag),
      inFlight: steps.map(({ inFlight }) => inFlight),
    };
  }
}

const joined = (known: TrendStep | undefined, step: TrendStep): TrendStep => ({
  readings: known?.readings ?? step.readings,
  samples: known?.samples ?? step.samples,
  polls: known?.polls ?? step.polls,
  lag: known?.lag ?? step.lag,
  inFlight: known?.inFlight ?? step.inFlight,
});
