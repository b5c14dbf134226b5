import { isFloat64 } from '../float64.ts';
import { pythonJson, quoted } from '../python-json.ts';

/**
 * An object's JSON as it reads within a JSON string, which is how oslo.messaging's envelope holds it:
 * `{\"counter_name\": \"cpu\", …}`. Escaping goes character by character, so what is escaped piece by piece and joined
 * is what would have been escaped as a whole. All of it is ASCII: its length is its bytes. Throws a TypeError on what
 * JSON cannot say.
 */
export function nestedJson(object: object): string {
  let text = '';
  for (const [key, value] of Object.entries(object)) {
    text += `${text === '' ? '{' : ', '}${nestedText(key)}: ${nestedValue(value)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

function nestedValue(value: unknown): string {
  if (typeof value === 'string') return nestedText(value);
  if (typeof value !== 'object' || value === null || isFloat64(value)) return pythonJson(value);
  return Array.isArray(value) ? `[${value.map(nestedValue).join(', ')}]` : nestedJson(value);
}

/** A string's JSON as it reads within a JSON string. */
export const nestedText = (text: string): string => `\\"${withinQuotes(text)}\\"`;

/** The same without the quotes around. */
export const withinQuotes = (text: string): string => (isPlain(text) ? text : quoted(quoted(text)).slice(3, -3));

/** Printable ASCII without quote and backslash: the same escaped twice. A pattern takes several times as long. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) return false;
  }
  return true;
}
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
