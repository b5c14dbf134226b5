/**
 * Numbers as Python 3 has them: a bigint is an `int`, a number is a `float`, whole or not. What Python raises is an
 * ArithmeticFault here; so is a result that is no real number, or an int of more than MOST_BITS bits, where Python
 * would go on.
 */
export type PythonNumber = number | bigint;

/** A calculation that has no result; the message is a sentence about the operands. */
export class ArithmeticFault extends Error {
  override readonly name = 'ArithmeticFault';
}

/** The longest int that is calculated with: beyond it lie only mistakes such as `10 ** 10 ** 10`. */
const MOST_BITS = 4096;

const BINARY = ['+', '-', '*', '/', '//', '%', '**'] as const;
export type Binary = (typeof BINARY)[number];

/** The value as a float; rounds to the nearest, as Python does. Throws an ArithmeticFault beyond all floats. */
export function toFloat(value: PythonNumber): number {
  const float = Number(value);
  if (typeof value === 'bigint' && !Number.isFinite(float))
    throw new ArithmeticFault('an int is too large for a float');
  return float;
}

/** The value as a whole number is read from a sample or from a configuration: whole means int. */
export const ofWhole = (value: PythonNumber): PythonNumber =>
  typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;

/** `left operator right`. Throws an ArithmeticFault where Python raises. */
export function calculate(operator: Binary, left: PythonNumber, right: PythonNumber): PythonNumber {
  if (typeof left === 'bigint' && typeof right === 'bigint') return bounded(INT[operator](left, right));
  return FLOAT[operator](toFloat(left), toFloat(right));
}

function bounded(value: PythonNumber): PythonNumber {
  if (typeof value === 'bigint' && bitsOf(value) > MOST_BITS) throw new ArithmeticFault('an int grows too large');
  return value;
}

const INT: Readonly<Record<Binary, (a: bigint, b: bigint) => PythonNumber>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': divideInts,
  '//': (a, b) => {
    const rest = a % nonZero(b);
    return (a - rest) / b - (isApart(rest, b) ? 1n : 0n);
  },
  '%': (a, b) => {
    const rest = a % nonZero(b);
    return isApart(rest, b) ? rest + b : rest;
  },
  '**': (a, b) => {
    if (b < 0n) return powerOfFloats(toFloat(a), toFloat(b));
    if (bitsOf(a) > 1 && BigInt(bitsOf(a)) * b > 2 * MOST_BITS) throw new ArithmeticFault('an int grows too large');
    return a ** b;
  },
};

const FLOAT: Readonly<Record<Binary, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / nonZero(b),
  '//': (a, b) => floorDivideFloats(a, nonZero(b)),
  '%': (a, b) => moduloOfFloats(a, nonZero(b)),
  '**': powerOfFloats,
};

function nonZero<Value extends PythonNumber>(value: Value): Value {
  if (Number(value) === 0) throw new ArithmeticFault('division by zero');
  return value;
}

/** A rest whose sign is not the divisor's: Python's division rounds down, JavaScript's towards zero. */
const isApart = (rest: bigint, divisor: bigint): boolean => rest !== 0n && rest < 0n !== divisor < 0n;

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
const bitsOf = (value: bigint): number => magnitude(value).toString(2).length;

/** True division of ints, rounded once: their quotient is taken to 66 bits, the last of which stands for all further. */
function divideInts(a: bigint, b: bigint): number {
  nonZero(b);
  if (bitsOf(a) <= 53 && bitsOf(b) <= 53) return Number(a) / Number(b);
  const shift = 66 - (bitsOf(a) - bitsOf(b));
  const dividend = shift > 0 ? magnitude(a) << BigInt(shift) : magnitude(a);
  const divisor = shift < 0 ? magnitude(b) << BigInt(-shift) : magnitude(b);
  const quotient = dividend / divisor;
  const exact = dividend % divisor === 0n;
  // Two factors: 2 ** -shift alone may lie beyond the floats.
  const half = Math.trunc(-shift / 2);
  const float = Number(exact ? quotient : quotient | 1n) * 2 ** half * 2 ** (-shift - half);
  if (!Number.isFinite(float)) throw new ArithmeticFault('a quotient is too large for a float');
  return a < 0n === b < 0n ? float : -float;
}

function moduloOfFloats(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 === b < 0 ? rest : rest + b;
}

/** As float_floor_div of CPython has it, so that the last digit is the same. */
function floorDivideFloats(a: number, b: number): number {
  const rest = a % b;
  const apart = rest !== 0 && rest < 0 !== b < 0;
  const quotient = (a - rest) / b - (apart ? 1 : 0);
  if (quotient === 0) return Object.is(a / b, -0) || a / b < 0 ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

function powerOfFloats(a: number, b: number): number {
  if (a === 0 && b < 0) throw new ArithmeticFault('zero to a negative power');
  // Python has 1 to whatever power as 1, and JavaScript not.
  if (a === 1) return 1;
  if (a < 0 && Number.isFinite(a) && Number.isFinite(b) && !Number.isInteger(b))
    throw new ArithmeticFault('a negative number to a fractional power is not real');
  const power = a ** b;
  if (!Number.isFinite(power) && Number.isFinite(a) && Number.isFinite(b))
    throw new ArithmeticFault('a power is too large for a float');
  return power;
}
