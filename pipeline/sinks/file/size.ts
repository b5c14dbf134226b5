import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const SIZE = /^(\d{1,15}) ?(B|kB|MB|GB|KiB|MiB|GiB)?$/;

/** Bytes from `64MiB`, `1GB` or `4096`; null for what is no such size or beyond 2^53. */
export function sizeBytes(text: string): number | null {
  const [, digits, unit = 'B'] = SIZE.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A size in a configuration: a number of bytes or a text with a unit. */
export const size = z.union([z.number().int().positive(), z.string()]).transform((value, context): number => {
  const bytes = typeof value === 'number' ? value : sizeBytes(value);
  if (bytes !== null && bytes > 0) return bytes;
  context.addIssue({ code: 'custom', message: 'give a size in bytes or with a unit, such as 64MiB' });
  return z.NEVER;
});
