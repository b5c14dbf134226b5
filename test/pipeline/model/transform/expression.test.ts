import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../../pipeline/model/transform/evaluate.ts';
import { parseExpression } from '../../../../pipeline/model/transform/expression.ts';
import { namespaceOf } from '../../../../pipeline/model/transform/namespace.ts';
import { ArithmeticFault } from '../../../../pipeline/model/transform/python-number.ts';
import { aSample, withMetadata } from '../../sinks/a-sample.ts';

const resultOf = (text: string, sample = withMetadata({ cpu_number: 2, ratio: 0.5, text: 'b', nested: { one: 1 } })) =>
  evaluate(parseExpression(text), namespaceOf(sample));

describe('an expression', () => {
  // What Python 3.6 gives: a bigint is an int, a number a float.
  it.each<[string, unknown]>([
    ['1 + 2 * 3', 7n],
    ['(1 + 2) * 3', 9n],
    ['7 / 2', 3.5],
    ['-7 // 2', -4n],
    ['-7 % 3', 2n],
    ['7 % -3', -2n],
    ['-7.5 // 2', -4],
    ['-7.5 % 2', 0.5],
    ['2 ** 3 ** 2', 512n],
    ['-2 ** 2', -4n],
    ['2 ** -1', 0.5],
    ['10**9 * 10**9 * 10**9', 10n ** 27n],
    ['18446744073709551615 / 1', 18446744073709552000],
    ['9007199254740993 / 9007199254740993', 1],
    ['10**400 / 10**399', 10],
    ['1.0 == 1', true],
    ['9007199254740993 == 9007199254740992.0', false],
    ['1 < 2 < 3', true],
    ['1 < 3 < 2', false],
    ['not 0 or 5', true],
    ['0 or 5', 5n],
    ['1 and 0.0', 0],
    ['"a" if volume > 10 else "b"', 'a'],
    ['resource_metadata.cpu_number or 1', 2n],
    ['resource_metadata.nothing or 1', 1n],
    ['resource_metadata.nothing.within or 1', 1n],
    ['nothing or 1', 1n],
    ['resource_metadata.nested.one + True', 2n],
    ["unit == 'ns' and name != 'x'", true],
    ['monotonic_time == None', true],
    ['  100.0 / (10**9 * (resource_metadata.cpu_number or 1))\n', 5e-8],
  ])('%s', (text, value) => {
    expect(resultOf(text)).toBe(value);
  });

  it.each([
    ['1 / 0', 'division by zero'],
    ['1.5 // 0', 'division by zero'],
    ['0 ** -1', 'zero to a negative power'],
    ['(-8) ** 0.5', 'not real'],
    ['10 ** 10 ** 10', 'too large'],
    ['10.0 ** 400', 'too large'],
    ['2**2000 * 1.0', 'too large for a float'],
    ['nothing + 1', 'no number'],
    ['unit * 1000000000', 'text is no number'],
    ['volume.real', 'no names in it'],
    ["'a' < 1", 'text is no number'],
  ])('%s has no value: %s', (text, why) => {
    expect(() => resultOf(text)).toThrow(ArithmeticFault);
    expect(() => resultOf(text)).toThrow(why);
  });

  it.each([
    ['max(1, 2)', 'calls are not allowed', 3],
    ["__import__('os')", 'names such as __import__ are not allowed', 0],
    ['volume.__class__', 'names such as __class__ are not allowed', 7],
    ['resource_metadata["a"]', '"[" is not expected here', 17],
    ['lambda: 1', '"lambda" is not expected here', 0],
    ['1 if 2', 'ends too early', 6],
    ['1 +', 'ends too early', 3],
    ['(1', 'ends too early', 2],
    ['1 2', '"2" is not expected here', 2],
    ['1 = 2', '"=" is not allowed here', 2],
    ['1; 2', '";" is not allowed here', 1],
    ['007', 'a number ends in something else', 2],
    ['1_000', 'a number ends in something else', 1],
    ['a is b', '"is" is not expected here', 2],
    ['~1', '"~" is not allowed here', 0],
    ['', 'ends too early', 0],
    [`${'('.repeat(100)}1${')'.repeat(100)}`, 'nested too deep', 61],
    [`${'-'.repeat(100)}1`, 'nested too deep', 61],
    [`${'not '.repeat(100)}1`, 'nested too deep', 244],
    ['1'.repeat(1001), 'longer than 1000 characters', 1000],
  ])('%s is refused: %s', (text, message, at) => {
    expect(() => parseExpression(text)).toThrow(expect.objectContaining({ message, at }));
  });

  it('has no time for what grows without end', () => {
    expect(() => resultOf('2**4000 * 2**4000', aSample())).toThrow('too large');
    expect(() => resultOf(`${'9'.repeat(900)} ** 9`, aSample())).toThrow('too large');
  });
});
