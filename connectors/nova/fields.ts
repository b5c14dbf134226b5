/** Members of a JSON object as nova's notifications have them: missing, null and '' all mean that there is nothing. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const member = (fields: Fields, name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);

export function fieldsIn(fields: Fields, name: string): Fields | null {
  const value = member(fields, name);
  return isFields(value) ? value : null;
}

/** The objects of a list; what else is in it is left out. */
export function listIn(fields: Fields, name: string): readonly Fields[] {
  const value = member(fields, name);
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** Text, or null; python's None written out is none either. */
export function textIn(fields: Fields, name: string): string | null {
  const value = member(fields, name);
  return typeof value === 'string' && value !== '' && value !== 'None' ? value : null;
}

/** A whole number from 0 that a number holds exactly, also one that is written as text. */
export function wholeIn(fields: Fields, name: string): number | null {
  const value = counterIn(fields, name);
  return value === null || value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}

const LARGEST = 2n ** 64n - 1n;

/** A whole number from 0 to 2^64 - 1, to the digit. */
export function counterIn(fields: Fields, name: string): bigint | null {
  const value = member(fields, name);
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : null;
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) return null;
  const counter = BigInt(value);
  return counter <= LARGEST ? counter : null;
}

/** The members of an object that are text, numbers and truth values as text. */
export function textsIn(fields: Fields, name: string): Readonly<Record<string, string>> {
  const found = fieldsIn(fields, name);
  if (found === null) return {};
  return Object.fromEntries(
    Object.entries(found).flatMap(([key, value]) => {
      if (typeof value === 'string') return [[key, value]];
      return typeof value === 'number' || typeof value === 'boolean' ? [[key, String(value)]] : [];
    }),
  );
}

export const timeIn = (fields: Fields, name: string): number | null => timeOf(textIn(fields, name));

const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * `2012-10-29T13:42:11Z`, `2012-10-29 13:42:11.123456`, `2012-10-29 13:42:11+00:00`: microseconds since 1970. Without a
 * zone it is UTC. Null: none, or no time that a number holds exactly.
 */
function timeOf(text: string | null): number | null {
  const [, day, time, fraction = '', zone = 'Z'] = TIME.exec(text ?? '') ?? [];
  if (day === undefined) return null;
  const seconds = Date.parse(`${day}T${time}${zone}`) * 1000;
  const at = seconds + Number(fraction.padEnd(6, '0'));
  return Number.isSafeInteger(at) && at >= 0 ? at : null;
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** 16 bytes; null: it is no uuid. */
export function uuidIn(fields: Fields, name: string): Buffer | null {
  const text = textIn(fields, name);
  return text !== null && UUID.test(text) ? Buffer.from(text.replaceAll('-', ''), 'hex') : null;
}
