import { NotificationError } from './protocol-error.ts';

/**
 * Strings and numbers are matched whole, so that what stands in them is left alone. A string without an end goes to the end
 * of the text: to look for one from each of its quotes anew would take time as the square of the text.
 */
const TOKEN = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|[[\]{}]|-?\d[\d.eE+-]*/g;
const LONG = /^-?\d{16,}$/;

/**
 * What JSON text says, whole numbers of 16 digits and more as their digits, since JSON.parse rounds beyond 2^53. Throws
 * a NotificationError where it is no JSON or deeper than `depth`.
 */
export function readJson(text: string, depth: number): unknown {
  let open = 0;
  const exact = text.replace(TOKEN, (token) => {
    const [first] = token;
    if (first === '"') return token;
    if (first === '{' || first === '[') {
      open++;
      if (open > depth) throw new NotificationError('malformed', `it is nested more than ${depth} deep`);
      return token;
    }
    if (first === '}' || first === ']') {
      open--;
      return token;
    }
    return LONG.test(token) ? `"${token}"` : token;
  });
  try {
    return JSON.parse(exact);
  } catch (cause) {
    throw new NotificationError('malformed', 'it is no JSON', cause);
  }
}
