import type { Cell } from './script.ts';

const MAX = (1n << 64n) - 1n;
const TERM = String.raw`\d+(?:e\d+|\^\d+)?`;
const SUM = new RegExp(`^${TERM}(?:[+-]${TERM})*$`);
const SERIES = new RegExp(`^(${TERM}(?:[+-]${TERM})*?)([+-]${TERM})?x(\\d+)$`);
const SIGNS: ReadonlyMap<string, Cell> = new Map<string, Cell>([
  ['_', 'lost'],
  ['-', 'unlisted'],
  ['?', null],
  ['off', 'off'],
]);

/**
 * The cells that a word stands for, as in Prometheus' test language: `5`, `5x3` (four times 5), `0+10x6` (0 and six
 * more, 10 apart), `_x3` (three lost polls). Undefined: it is no such word, or a value is not one of 64 bits.
 */
export function cellsOf(word: string): readonly Cell[] | undefined {
  const [, name = word, times = '1'] = /^(_|-|\?|off)x(\d+)$/.exec(word) ?? [];
  const sign = SIGNS.get(name);
  if (sign !== undefined) return new Array<Cell>(Number(times)).fill(sign);
  const values = valuesOf(word);
  return values?.every((value) => value >= 0n && value <= MAX) ? values : undefined;
}

function valuesOf(word: string): readonly bigint[] | undefined {
  const [, first = word, step = '+0', more = '0'] = SERIES.exec(word) ?? [];
  if (!SUM.test(first)) return undefined;
  const [start, by] = [sumOf(first), sumOf(step)];
  return Array.from({ length: Number(more) + 1 }, (_, n) => start + by * BigInt(n));
}

/** `2^32-10`, `1e9`, `7` as a number; undefined: it is none. */
export const numberOf = (word: string): bigint | undefined => (SUM.test(word) ? sumOf(word) : undefined);

function sumOf(sum: string): bigint {
  let total = 0n;
  for (const [, sign, base = '', power, exponent = ''] of sum.matchAll(/([+-]?)(\d+)(?:([e^])(\d+))?/g)) {
    let term = BigInt(base);
    if (power === 'e') term *= 10n ** BigInt(exponent);
    if (power === '^') term **= BigInt(exponent);
    total += sign === '-' ? -term : term;
  }
  return total;
}
