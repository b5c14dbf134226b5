import type { Measure } from './counters.ts';

const KIB = 1024;
const SECOND_US = 1_000_000;
const MILLISECOND_NS = 1_000_000;
/** A share is of 100 %, in hundredths of a percent; nanoseconds in a microsecond. */
const WHOLE = 10_000;
const MICROSECOND_NS = 1000;

/** Why a value in an answer is none. */
export type NoValue = 'hole' | 'malformed';

const MOST = 2n ** 63n - 1n;

/** A value's text as a whole number. −1 is how a host says that it has none for the sample. */
function parseValue(text: string): bigint | NoValue {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === '-1') return 'hole';
  if (!/^\d{1,19}$/.test(trimmed)) return 'malformed';
  const value = BigInt(trimmed);
  return value > MOST ? 'malformed' : value;
}

/** Digits that are a number for sure. */
const SAFE_DIGITS = 15;
const COMMA = 44;
const ZERO = 48;

/** Hands over the values of a series in their order, small ones as numbers. Returns how many there are. */
export function eachValue(csv: string, take: (index: number, value: number | bigint | NoValue) => void): number {
  const { length } = csv;
  if (length === 0) return 0;
  let index = 0;
  for (let at = 0; at <= length; index++) {
    const begin = at;
    let value = 0;
    let plain = true;
    for (; at < length; at++) {
      const code = csv.charCodeAt(at);
      if (code === COMMA) break;
      const digit = code - ZERO;
      if (digit < 0 || digit > 9) plain = false;
      value = value * 10 + digit;
    }
    const digits = at - begin;
    take(index, plain && digits > 0 && digits <= SAFE_DIGITS ? value : parseValue(csv.slice(begin, at)));
    at++;
  }
  return index;
}

/**
 * What a unit of a sample's value comes to over its interval (microseconds): nanoseconds of CPU time, bytes, a number;
 * of gauges bytes. `threads` is what a share is of. As a fraction of whole numbers.
 */
export function factorOf(measure: Measure, intervalUs: number, threads: number): readonly [by: number, over: number] {
  switch (measure) {
    case 'milliseconds':
      return [MILLISECOND_NS, 1];
    case 'kilobytesPerSecond':
      return [KIB * intervalUs, SECOND_US];
    case 'perSecond':
      return [intervalUs, SECOND_US];
    case 'kilobytes':
      return [KIB, 1];
    case 'share':
      return [threads * intervalUs * MICROSECOND_NS, WHOLE];
    case 'number':
    case 'raw':
      return [1, 1];
  }
}

/** What a sample's value comes to, exactly but for a fraction of the unit, which is cut off. */
export function amountOf(value: number | bigint, [by, over]: readonly [number, number]): bigint {
  const whole = by / over;
  // Beyond 2^53 products of numbers are not exact.
  if (typeof value === 'number' && Number.isInteger(whole) && value * whole < Number.MAX_SAFE_INTEGER)
    return BigInt(value * whole);
  return (BigInt(value) * BigInt(by)) / BigInt(over);
}
