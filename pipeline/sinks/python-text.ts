import { FLOAT64, isFloat64 } from './float64.ts';

/**
 * `str(value)` of Python 3 for what a meter message can hold, because that text is what its signature covers.
 * Strings stand for themselves at the top; inside a list Ceilometer first turns every string into UTF-8 bytes, so
 * there they read as bytes literals, and dicts have their keys in code point order. A whole number is an `int`.
 * Throws a TypeError on values that no wire format carries (undefined, functions, symbols).
 */
export function pythonText(value: unknown): string {
  return typeof value === 'string' ? value : literal(value);
}

function literal(value: unknown): string {
  if (value === null) return 'None';
  switch (typeof value) {
    case 'string':
      return bytesLiteral(Buffer.from(value, 'utf8'));
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
      return value.toString();
    case 'number':
      if (Number.isSafeInteger(value)) return String(value);
      return Number.isInteger(value) ? BigInt(value).toString() : floatLiteral(value);
    case 'object':
      return objectLiteral(value);
    default:
      throw new TypeError(`a ${typeof value} has no Python form`);
  }
}

function objectLiteral(value: object): string {
  if (isFloat64(value)) return floatLiteral(value[FLOAT64]);
  if (value instanceof Uint8Array) return bytesLiteral(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => compareCodePoints(a, b));
  return `{${entries.map(([key, entry]) => `${literal(key)}: ${literal(entry)}`).join(', ')}}`;
}

/**
 * `repr` of a float: the shortest digits that read back the same (JavaScript's are the same digits), positional for
 * decimal exponents from -4 to 15, else with an exponent of at least two digits.
 */
export function floatLiteral(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const magnitude = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${magnitude}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };
const SINGLE_QUOTE = 39;
const DOUBLE_QUOTE = 34;

function bytesLiteral(bytes: Uint8Array): string {
  const quote = bytes.includes(SINGLE_QUOTE) && !bytes.includes(DOUBLE_QUOTE) ? DOUBLE_QUOTE : SINGLE_QUOTE;
  let text = '';
  for (const byte of bytes) {
    if (byte === quote) text += `\\${String.fromCharCode(byte)}`;
    else if (byte < 32 || byte >= 127 || byte === 92)
      text += ESCAPES[byte] ?? `\\x${byte.toString(16).padStart(2, '0')}`;
    else text += String.fromCharCode(byte);
  }
  const mark = String.fromCharCode(quote);
  return `b${mark}${text}${mark}`;
}

/**
 * Orders strings by Unicode code point, as Python does. JavaScript's own order is by UTF-16 unit and puts astral
 * characters (surrogates, U+D800 to U+DFFF) before U+E000 to U+FFFF.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

const rank = (unit: number): number => {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
};
