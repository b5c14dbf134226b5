import { type Fields, timeIn } from './fields.ts';

/** Microseconds. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
/** An hour, a day, a month or a year: what `instance_usage_audit_period` can be. */
const LENGTHS: ReadonlySet<number> = new Set([HOUR_US, ...[1, 28, 29, 30, 31, 365, 366].map((days) => days * DAY_US)]);

/**
 * The audit period of a payload if it is over; null: none, or it is still running. Updates, and the audits before a
 * resize or a rebuild, go from its begin until now, and the audit at the period's end tells the whole of it once more:
 * taken as well, they would be counted twice. A whole one is told by its length.
 */
export function completedPeriod(fields: Fields): Period | null {
  const from = timeIn(fields, 'audit_period_beginning');
  const to = timeIn(fields, 'audit_period_ending');
  return from !== null && to !== null && LENGTHS.has(to - from) ? { from, to } : null;
}
