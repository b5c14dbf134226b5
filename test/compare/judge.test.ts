import { describe, expect, it } from 'vitest';
import { growthBetween, type Reading, type Rule, residual, totalOf } from './judge.ts';

const readings = (kind: Reading['kind'], ...values: readonly number[]): readonly Reading[] =>
  values.map((value, at) => ({ guest: 'a', meter: 'sent', kind, at, value: BigInt(value) }));

describe('the total of readings', () => {
  it.each<[Rule, readonly Reading[], bigint | null]>([
    ['omit', readings('counter', 5, 9, 9, 12), 7n],
    ['zero', readings('counter', 5, 9, 9, 12), 7n],
    ['omit', readings('counter', 5, 9, 2, 6), 8n],
    ['zero', readings('counter', 5, 9, 2, 6), 10n],
    // A new life that has overtaken the old one: nothing fell.
    ['zero', readings('counter', 5, 9, 11), 6n],
    ['own', readings('growth', 4, 0, 3), 7n],
    ['own', readings('counter', 5, 9), null],
    ['zero', readings('growth', 4), null],
    ['omit', readings('counter', 5), 0n],
  ])('%s', (rule, given, total) => expect(totalOf(given, rule)).toBe(total));
});

describe('what is true', () => {
  const from = { first: 100n, last: 102n };

  it('is between what stood at the ends', () => {
    expect(growthBetween(from, { first: 150n, last: 151n }, false)).toEqual({ least: 48n, most: 51n });
  });

  it('is all of a second life, and what the first one still used', () => {
    expect(growthBetween(from, { first: 50n, last: 51n }, true)).toEqual({ least: 50n, most: 53n });
  });

  it.each([
    [47n, -1n],
    [48n, 0n],
    [51n, 0n],
    [60n, 9n],
  ])('%i is off by %i', (total, off) => expect(residual(total, { least: 48n, most: 51n })).toBe(off));
});
