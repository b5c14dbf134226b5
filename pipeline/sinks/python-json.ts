import { FLOAT64, isFloat64 } from './float64.ts';
import { floatLiteral } from './python-text.ts';

/**
 * JSON as Python's `json.dumps` writes it with its defaults, so that equal messages are equal bytes: `, ` and `: `
 * between, everything beyond ASCII as `\uXXXX`, floats as `repr` has them. Whole numbers are integers of exact digits;
 * objects in `known` are taken from there. Throws a TypeError on what JSON cannot say (NaN, functions, symbols).
 */
export function pythonJson(value: unknown, known: KnownJson = NONE): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return value.toString();
    case 'number':
      return numberText(value);
    case 'object':
      return known(value) ?? objectText(value, known);
    default:
      throw new TypeError(`a ${typeof value} has no JSON form`);
  }
}

/** The text of an object that is known already. */
export type KnownJson = (value: object) => string | undefined;
const NONE: KnownJson = () => undefined;

function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return `${value}`;
  if (Number.isInteger(value)) return BigInt(value).toString();
  if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
  return floatLiteral(value);
}

function objectText(value: object, known: KnownJson): string {
  if (isFloat64(value)) return floatLiteral(value[FLOAT64]);
  if (Array.isArray(value)) return `[${value.map((element) => pythonJson(element, known)).join(', ')}]`;
  let text = '';
  for (const [key, member] of Object.entries(value)) {
    text += `${text === '' ? '' : ', '}${quoted(key)}: ${pythonJson(member, known)}`;
  }
  return `{${text}}`;
}

const BEYOND_ASCII = /[\u007f-\uffff]/g;

/** JavaScript escapes control characters as Python does; DEL and what is beyond ASCII follow here, surrogates each by itself. */
export function quoted(text: string): string {
  const json = JSON.stringify(text);
  return BEYOND_ASCII.test(json) ? json.replace(BEYOND_ASCII, escaped) : json;
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
