import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactJson } from '../../../pipeline/sinks/exact-json.ts';

describe('exact JSON', () => {
  it.each([
    [9007199254740993n, '9007199254740993'],
    [1e21, '1000000000000000000000'],
    [-0, '0'],
    [0.1, '0.1'],
    [1.5e-7, '1.5e-7'],
  ])('writes the number %s exactly', (value, text) => {
    expect(exactJson(value)).toBe(text);
  });

  it.each([[Number.NaN], [Number.NEGATIVE_INFINITY], [() => 1], [Symbol('x')]])('refuses %s', (value) => {
    expect(() => exactJson({ value })).toThrow(TypeError);
  });

  it('is what JSON.stringify writes wherever that is exact', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!/e\+/.test(JSON.stringify(value)));
        expect(exactJson(value)).toBe(JSON.stringify(value));
      }),
    );
  });
});
