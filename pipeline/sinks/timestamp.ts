/** How a time is written: with its zone (`+00:00`), or naive as Ceilometer's own polling agent has it (also UTC). */
export const TIMESTAMP_STYLES = ['zoned', 'naive'] as const;
export type TimestampStyle = (typeof TIMESTAMP_STYLES)[number];

/**
 * Microseconds since 1970 as Python's `isoformat` writes them: `2026-11-22T14:00:00.123456`, without the fraction
 * where it is zero. Throws a RangeError outside the years 0 to 9999.
 */
export function isoTime(timeUs: number, style: TimestampStyle = 'zoned'): string {
  const seconds = Math.floor(timeUs / 1_000_000);
  const micros = timeUs - seconds * 1_000_000;
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  return `${toTheSecond(seconds)}${fraction}${style === 'zoned' ? '+00:00' : ''}`;
}

/** The samples of a batch share a few window ends, so the last text mostly serves again. */
const latest = { seconds: Number.NaN, text: '' };

function toTheSecond(seconds: number): string {
  if (seconds === latest.seconds) return latest.text;
  const text = new Date(seconds * 1000).toISOString();
  if (text.length !== 24) throw new RangeError(`${seconds} s is outside the years 0 to 9999`);
  latest.seconds = seconds;
  latest.text = text.slice(0, 19);
  return latest.text;
}
