/** Ceilometer's three meter types. */
export const METER_TYPES = ['cumulative', 'delta', 'gauge'] as const;
export type MeterType = (typeof METER_TYPES)[number];

/** How a window's value came about, best first. */
export const QUALITIES = ['measured', 'interpolated', 'estimated', 'lower_bound'] as const;
export type Quality = (typeof QUALITIES)[number];

/** What Ceilometer knows as the sample's resource: shared by all samples of one instance or device. */
export interface Resource {
  readonly id: string;
  readonly userId: string | null;
  readonly userName: string | null;
  readonly projectId: string | null;
  readonly projectName: string | null;
  /** JSON-like: strings, finite numbers, booleans, nulls, arrays and plain objects. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A finished value: one meter of one resource over one window. Times in microseconds. */
export interface Sample {
  readonly name: string;
  readonly type: MeterType;
  readonly unit: string;
  /** A whole number is emitted as an integer, whatever its size; a bigint when it may exceed 2^53. */
  readonly volume: number | bigint;
  readonly resource: Resource;
  /** The window's end. */
  readonly timestamp: number;
  /** UUIDv5 of (series, meter, window, revision): the same for every attempt and every replay. */
  readonly messageId: string;
  readonly windowStart: number;
  readonly windowEnd: number;
  /** When a cumulative was 0; null: it began with what had been counted before, nobody knows since when, or is none. */
  readonly since: number | null;
  /** Share of the window that was observed, 0 to 1; null for gauges read at instants. */
  readonly coverage: number | null;
  readonly quality: Quality;
  readonly flags: readonly string[];
  /** How a gauge was spread over the window; null for what counters and an instance's status give. */
  readonly spread: Spread | null;
  /** Higher ones of the same window take the place of lower ones. */
  readonly revision: number;
  /** Its window's size is not configured any more; this one is in its stead, microseconds. */
  readonly standIn?: number;
}

/** A gauge over one window: weighted by time, and at the extremes; in the sample's unit. */
export interface Spread {
  readonly mean: number;
  readonly min: number | bigint;
  readonly max: number | bigint;
  readonly last: number | bigint;
}
