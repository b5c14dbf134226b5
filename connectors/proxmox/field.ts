/** A record of an answer, whose fields may be anything. */
export type FieldList = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is FieldList =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text that says something. Perl makes numbers of texts and texts of numbers as they are used. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A number that is not negative; undefined: there is one, but it makes no sense. */
export function numberOf(value: unknown): number | null | undefined {
  if (value === null || value === undefined || value === '') return null;
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

/** A whole number below 2^64, exact; undefined: there is one, but it makes no sense. */
export function wholeOf(value: unknown): bigint | null | undefined {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) {
    const exact = BigInt(value);
    return exact < 1n << 64n ? exact : undefined;
  }
  const number = numberOf(value);
  if (typeof number !== 'number') return number;
  return Number.isSafeInteger(Math.floor(number)) ? BigInt(Math.floor(number)) : undefined;
}
