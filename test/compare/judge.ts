export const METERS = ['cpu', 'written', 'sent'] as const;
/** `cpu` ns, `written` bytes of the disk, `sent` bytes of the nic. */
export type Meter = (typeof METERS)[number];

/** One value that a program put out of one guest. */
export interface Reading {
  readonly guest: string;
  readonly meter: Meter;
  /** A counter as it stood then, or growth that the program itself made out. */
  readonly kind: 'counter' | 'growth';
  /** Whose it is by the program's own account, ms since 1970: the time of the reading, or the end of the window. */
  readonly at: number;
  readonly value: bigint;
}

/**
 * How a total is made of readings.
 * - `omit`: differences of a counter, without those below 0 (InfluxQL's NON_NEGATIVE_DIFFERENCE, Flux' difference with nonNegative)
 * - `zero`: differences, but a counter that fell began at 0 (Prometheus' increase, Flux' difference with initialZero)
 * - `own`: the sum of the growth that the program gives
 */
export type Rule = 'omit' | 'zero' | 'own';

/** The total by the rule, of readings of one meter of one guest in the order in which they came; null: there are none. */
export function totalOf(readings: readonly Reading[], rule: Rule): bigint | null {
  const values = readings.filter(({ kind }) => (kind === 'growth') === (rule === 'own')).map(({ value }) => value);
  if (values.length === 0) return null;
  if (rule === 'own') return values.reduce((sum, value) => sum + value, 0n);
  let total = 0n;
  for (const [index, value] of values.slice(1).entries()) {
    const growth = value - (values[index] ?? 0n);
    if (growth >= 0n) total += growth;
    else if (rule === 'zero') total += value;
  }
  return total;
}

/** What is true of a counter's growth: a guest that stands still for its readers may still use a little for them. */
export interface Bounds {
  readonly least: bigint;
  readonly most: bigint;
}

/** A counter of a guest that stands still: when it was stopped, and when it was let go on. */
export interface Stand {
  readonly first: bigint;
  readonly last: bigint;
}

/** The growth between two stands; `again`: the guest was ended at the first of them and began anew from 0. */
export function growthBetween(from: Stand, to: Stand, again: boolean): Bounds {
  const offset = again ? from.last : 0n;
  return { least: to.first - from.last + offset, most: to.last - from.first + offset };
}

/** How far off a total is: 0 within the bounds, below 0 where something is missing. */
export function residual(total: bigint, { least, most }: Bounds): bigint {
  if (total < least) return total - least;
  return total > most ? total - most : 0n;
}
