import { ABSENT } from './table.ts';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;
const NS_PER_SECOND = 1_000_000_000n;

/** Bytes with three or four digits: `1.5 GiB`; null as a dash. Rounded: for people, not for sums. */
export function humanBytes(bytes: bigint | null): string {
  if (bytes === null) return ABSENT;
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** Nanoseconds in the two largest units: `3d 4h`, `12.3 s`; null as a dash. */
export function humanTime(ns: bigint | null): string {
  if (ns === null) return ABSENT;
  const seconds = ns / NS_PER_SECOND;
  if (seconds < 60n) return `${(Number(ns) / 1e9).toFixed(1)} s`;
  if (seconds < 3600n) return `${seconds / 60n}m ${seconds % 60n}s`;
  if (seconds < 86_400n) return `${seconds / 3600n}h ${(seconds / 60n) % 60n}m`;
  return `${seconds / 86_400n}d ${(seconds / 3600n) % 24n}h`;
}

/** A whole number; null as a dash. */
export const humanCount = (count: bigint | number | null): string => (count === null ? ABSENT : String(count));

/** `1 call`, `3 calls`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The sum of what is there; null if nothing is. */
export function sumOf(values: readonly (bigint | null)[]): bigint | null {
  const present = values.filter((value) => value !== null);
  return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0n);
}
