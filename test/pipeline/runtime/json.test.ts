import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exactJson } from '../../../pipeline/runtime/json.ts';

it('writes a bigint as its exact digits', () => {
  expect(exactJson({ a: 18446744073709551615n, b: [-9007199254740993n] })).toBe(
    '{"a":18446744073709551615,"b":[-9007199254740993]}',
  );
});

it('writes a whole number beyond 2^53 as digits, not as a float', () => {
  expect(exactJson([1e21, -(2 ** 70), 1.5e-7])).toBe('[1000000000000000000000,-1180591620717411303424,1.5e-7]');
});

it.each([
  [undefined, 'null'],
  [{ a: undefined, b: null }, '{"b":null}'],
  [[undefined, Number.NaN], '[null,null]'],
  [{ at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  [{}, '{}'],
])('writes %j as JSON does', (value, text) => {
  expect(exactJson(value)).toBe(text);
});

it('is JSON.stringify where there is no bigint, indented or not', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2, 4), (value, indent) => {
      fc.pre(!/e\+|\d{16}/.test(JSON.stringify(value)));
      expect(exactJson(value, indent)).toBe(JSON.stringify(value, null, indent));
    }),
  );
});
