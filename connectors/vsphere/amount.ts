import type { Measure } from './counters.ts';

const KIB = 1024n;
const SECOND_US = 1_000_000n;
const MILLISECOND_NS = 1_000_000n;
const MICROSECOND_NS = 1000n;
/** A share is of 100 %, in hundredths of a percent. */
const WHOLE = 10_000n;

/** Why a value in an answer is none. */
export type NoValue = 'hole' | 'malformed';

const MOST = 2n ** 63n - 1n;

/** A value's text as a whole number. −1 is how a host says that it has none for the sample. */
export function parseValue(text: string): bigint | NoValue {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === '-1') return 'hole';
  if (!/^\d{1,19}$/.test(trimmed)) return 'malformed';
  const value = BigInt(trimmed);
  return value > MOST ? 'malformed' : value;
}

/**
 * What a sample's value comes to over its interval (microseconds), exactly: nanoseconds of CPU time, bytes, a number;
 * of gauges the value itself in bytes. `threads` is what a share is of.
 */
export function amountOf(value: bigint, measure: Measure, intervalUs: bigint, threads: bigint): bigint {
  switch (measure) {
    case 'milliseconds':
      return value * MILLISECOND_NS;
    case 'kilobytesPerSecond':
      return (value * KIB * intervalUs) / SECOND_US;
    case 'perSecond':
      return (value * intervalUs) / SECOND_US;
    case 'kilobytes':
      return value * KIB;
    case 'share':
      return (value * threads * intervalUs * MICROSECOND_NS) / WHOLE;
    case 'number':
    case 'raw':
      return value;
  }
}
