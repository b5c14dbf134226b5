import { createHmac, timingSafeEqual } from 'node:crypto';
import { isFloat64 } from './float64.ts';
import { oncePer } from './once-per.ts';
import { compareCodePoints, pythonText } from './python-text.ts';

/** Ceilometer's default `telemetry_secret`: receivers that were never configured check against it. */
export const DEFAULT_SECRET = 'change this for valid signing';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What a meter message's signature covers: name and value of every field, in code point order of the names level by
 * level, nothing between them. A dict's own fields take its place as `name:field`; an empty one leaves no trace.
 * The field `message_signature` itself is left out. `keys` are the message's keys if the caller has them in order.
 * Source: `compute_signature` of ceilometer/publisher/utils.py, releases 16 to 27.
 */
export function signedText(message: Fields, keys: readonly string[] = inOrder(message)): string {
  const parts: string[] = [];
  for (const key of keys) {
    if (key === 'message_signature') continue;
    const value = message[key];
    if (key === 'resource_metadata' && isDict(value)) parts.push(metadataText(value));
    else addField(parts, key, value);
  }
  return parts.join('');
}

/** HMAC-SHA256 of the signed text in lower-case hex; empty for an empty secret, as Ceilometer has it. */
export function sign(message: Fields, secret: string, keys?: readonly string[]): string {
  if (secret === '') return '';
  return createHmac('sha256', secret).update(signedText(message, keys), 'utf8').digest('hex');
}

/** True if the message, as it was parsed, carries the signature that the secret gives it. */
export function isSignedBy(message: Fields, secret: string): boolean {
  if (secret === '') return true;
  const { message_signature: claimed } = message;
  if (typeof claimed !== 'string') return false;
  const expected = Buffer.from(sign(message, secret));
  const given = Buffer.from(claimed);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const inOrder = (fields: Fields): readonly string[] => Object.keys(fields).sort(compareCodePoints);

const isDict = (value: unknown): value is Fields =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !isFloat64(value);

function addField(parts: string[], name: string, value: unknown): void {
  if (isDict(value)) for (const key of inOrder(value)) addField(parts, `${name}:${key}`, value[key]);
  else parts.push(name, pythonText(value));
}

const metadataText = oncePer((metadata: Fields) => {
  const parts: string[] = [];
  addField(parts, 'resource_metadata', metadata);
  return parts.join('');
});
