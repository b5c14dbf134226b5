/** The zero of all scripts, microseconds since 1970: a day's begin, so that windows of any part of a day begin there. */
export const ZERO = Date.UTC(2026, 0, 1) * 1000;

const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6 };
const DURATION = /^-?(?:\d+(?:\.\d+)?(?:us|ms|s|m|h|d))+$/;
const INSTANT = /^\d{4}-\d\d-\d\dT/;

/** `1m30s`, `12.345678s`, `-250ms` as microseconds; undefined: it is none. */
export function durationOf(word: string): number | undefined {
  if (!DURATION.test(word)) return undefined;
  let sum = 0;
  for (const [, amount = '', unit = ''] of word.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/g)) {
    sum += Number(amount) * (UNITS[unit] as number);
  }
  return Math.round(word.startsWith('-') ? -sum : sum);
}

/** A duration since the zero, or an instant of before 2255 as ISO 8601, as microseconds since the zero; undefined: neither. */
export function timeOf(word: string): number | undefined {
  if (!INSTANT.test(word)) return durationOf(word);
  const ms = Date.parse(word);
  return Number.isSafeInteger(ms * 1000) ? ms * 1000 - ZERO : undefined;
}

/** Microseconds as a script writes them: `60s`, `12.345678s`. */
export const formatTime = (us: number): string => `${us / 1e6}s`;
