import fc from 'fast-check';
import { expect, it } from 'vitest';
import { float64 } from '../../../../pipeline/sinks/float64.ts';
import { nestedJson } from '../../../../pipeline/sinks/oslo/nested-json.ts';
import { pythonJson, quoted } from '../../../../pipeline/sinks/python-json.ts';

const text = fc.string({ unit: fc.constantFrom(...'az09 "\\/\t\n\u007f\u00e9\u20ac\u{1f600}') });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(float64),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
}));

it("is the object's JSON as it reads within a JSON string", () => {
  fc.assert(
    fc.property(fc.dictionary(text, value), (object) => {
      expect(`"${nestedJson(object)}"`).toBe(quoted(pythonJson(object)));
    }),
  );
});

it('says what JSON cannot say', () => {
  expect(() => nestedJson({ a: [{ b: Number.NaN }] })).toThrow(TypeError);
});
