import { float64 } from '../../../pipeline/sinks/float64.ts';

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const NUMBER = '\u0001number:';

/** JSON.parse as Python reads it: 1.0 is a marked float and not 1, an integer keeps every digit. */
export function parseLossless(text: string): Record<string, unknown> {
  const marked = text.replace(TOKEN, (token) => (token.startsWith('"') ? token : JSON.stringify(NUMBER + token)));
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(NUMBER) ? toNumber(value.slice(NUMBER.length)) : value,
  );
}

function toNumber(digits: string): unknown {
  if (/[.eE]/.test(digits)) return float64(Number(digits));
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits);
}
