import type { Comparison, Expression } from './expression.ts';
import { Namespace, type Value } from './namespace.ts';
import { ArithmeticFault, calculate, type PythonNumber } from './python-number.ts';

/**
 * The value of an expression. Throws an ArithmeticFault where Python raises, and for calculating with text, which
 * Python does in part.
 */
export function evaluate(expression: Expression, names: Namespace): Value {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'name':
      return names.get(expression.name);
    case 'attribute':
      return attribute(evaluate(expression.of, names), expression.name);
    case 'sign': {
      const operand = numberOf(evaluate(expression.operand, names));
      return expression.sign === '-' ? -operand : operand;
    }
    case 'not':
      return !isTrue(evaluate(expression.operand, names));
    case 'binary': {
      const left = evaluate(expression.left, names);
      const right = evaluate(expression.right, names);
      return calculate(expression.operator, numberOf(left), numberOf(right));
    }
    case 'compare':
      return compareAll(expression, names);
    case 'and': {
      const left = evaluate(expression.left, names);
      return isTrue(left) ? evaluate(expression.right, names) : left;
    }
    case 'or': {
      const left = evaluate(expression.left, names);
      return isTrue(left) ? left : evaluate(expression.right, names);
    }
    case 'if':
      return evaluate(isTrue(evaluate(expression.condition, names)) ? expression.then : expression.otherwise, names);
  }
}

/** A value as a number; true is 1 and false 0. Throws an ArithmeticFault for what is none. */
export function numberOf(value: Value): PythonNumber {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (value instanceof Namespace) throw new ArithmeticFault('a name that is not there, or a map, is no number');
  throw new ArithmeticFault(`${typeof value === 'string' ? 'text' : value === null ? 'None' : 'a list'} is no number`);
}

function attribute(value: Value, name: string): Value {
  if (value instanceof Namespace) return value.get(name);
  throw new ArithmeticFault(`${name} is asked of a value that has no names in it`);
}

function isTrue(value: Value): boolean {
  if (value instanceof Namespace) return !value.isEmpty;
  if (value === null || typeof value === 'boolean') return value === true;
  if (typeof value === 'string' || typeof value === 'object') return value.length > 0;
  // NaN is true in Python.
  return value !== 0n && value !== 0;
}

/** `a < b < c`: each operand is evaluated once, and none after the first comparison that fails. */
function compareAll(expression: Extract<Expression, { kind: 'compare' }>, names: Namespace): boolean {
  let left = evaluate(expression.first, names);
  for (const { operator, operand } of expression.rest) {
    const right = evaluate(operand, names);
    if (!compare(operator, left, right)) return false;
    left = right;
  }
  return true;
}

function compare(operator: Comparison, left: Value, right: Value): boolean {
  if (operator === '==') return isSame(left, right);
  if (operator === '!=') return !isSame(left, right);
  if (typeof left === 'string' && typeof right === 'string')
    return inOrder(operator, codePoints(left), codePoints(right));
  return inOrder(operator, numberOf(left), numberOf(right));
}

function isSame(left: Value, right: Value): boolean {
  const [a, b] = [left, right].map((value) => (typeof value === 'boolean' ? numberOf(value) : value));
  // biome-ignore lint/suspicious/noDoubleEquals: 1n == 1 as in Python; of unlike kinds only numbers get here
  if (isNumber(a) && isNumber(b)) return a == b;
  return a === b;
}

const isNumber = (value: unknown): value is PythonNumber => typeof value === 'number' || typeof value === 'bigint';

/** Text whose order by UTF-16 units is that of code points: each as two units. */
const codePoints = (text: string): string =>
  [...text]
    .map((character) =>
      String.fromCharCode((character.codePointAt(0) ?? 0) >> 16, (character.codePointAt(0) ?? 0) & 0xffff),
    )
    .join('');

function inOrder<Operand extends PythonNumber | string>(operator: Comparison, left: Operand, right: Operand): boolean {
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}
