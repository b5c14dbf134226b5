import { oncePer } from '../once-per.ts';
import { pythonJson, quoted } from '../python-json.ts';

/**
 * A flat object's JSON as it reads within a JSON string, which is how oslo.messaging's envelope holds it:
 * `{\"counter_name\": \"cpu\", …}`. Escaping goes character by character, so what is escaped piece by piece and joined
 * is what would have been escaped as a whole; the text of nested objects is made once an object. All of it is ASCII:
 * its length is its bytes. Throws a TypeError on what JSON cannot say.
 */
export function nestedJson(object: object): string {
  let text = '';
  for (const [key, value] of Object.entries(object)) {
    text += `${text === '' ? '{' : ', '}\\"${key}\\": ${nestedValue(value)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** JSON text as it reads within a JSON string, without the quotes around. */
export const nested = (json: string): string => quoted(json).slice(1, -1);

function nestedValue(value: unknown): string {
  if (typeof value === 'string') return nestedText(value);
  if (typeof value === 'object' && value !== null) return nestedObject(value);
  return pythonJson(value);
}

/** A string's JSON as it reads within a JSON string. */
export const nestedText = (text: string): string => (PLAIN.test(text) ? `\\"${text}\\"` : nested(quoted(text)));

/** Printable ASCII without quote and backslash: the same escaped twice. */
const PLAIN = /^[ !#-[\]-~]*$/;

const nestedObject = oncePer((object: object): string => nested(pythonJson(object)));
