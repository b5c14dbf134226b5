import { fromFileTime, zoneOf } from './instant.ts';
import type { Samples } from './join.ts';
import type { Sampled } from './sampler.ts';
import type { Numbers } from './values.ts';

/** What a host's rows say of its clock. Microseconds. */
export interface HostTime {
  /** When they were taken: by the host's clock, or in the middle of the call if they do not say. */
  readonly observedAt: number;
  /** How far the host's clock is ahead of ours; null if it was not told. */
  readonly skewUs: number | null;
  /** From the performance counter, which counts since the boot. */
  readonly bootedAt: number | null;
}

const ORDER = ['cpu', 'nic', 'disk', 'memory', 'pages'] as const satisfies readonly (keyof Samples)[];

/** The time of the first class that has rows: of what is metered, CPU time is the most exact. */
export function hostTime({ samples, askedAt, answeredAt }: Sampled, numbers: Numbers): HostTime {
  const middle = Math.round((askedAt + answeredAt) / 2);
  const row = ORDER.map((part) => samples[part]?.[0]).find((first) => first !== undefined);
  const ticks = row === undefined ? null : numbers.of(row, 'Timestamp_Sys100NS');
  if (row === undefined || ticks === null || ticks === 0n) return { observedAt: middle, skewUs: null, bootedAt: null };
  const told = fromFileTime(ticks);
  const observedAt = told - zoneOf(told, middle);
  const counter = numbers.of(row, 'Timestamp_PerfTime');
  const frequency = numbers.of(row, 'Frequency_PerfTime');
  const upUs = counter === null || !frequency ? null : Number((counter * 1_000_000n) / frequency);
  return {
    observedAt,
    skewUs: observedAt - middle,
    bootedAt: upUs === null || upUs > observedAt ? null : observedAt - upUs,
  };
}
