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
  let text = '';
  for (const key of keys) {
    if (key === 'message_signature') continue;
    const value = message[key];
    text += key === 'resource_metadata' && isDict(value) ? sharedMetadataText(value) : fieldText(key, value);
  }
  return text;
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

function fieldText(name: string, value: unknown): string {
  if (typeof value === 'string') return name + value;
  return isDict(value) ? dictText(name, value) : name + pythonText(value);
}

function dictText(name: string, value: Fields): string {
  const { sorted, names } = shapeOf(name, value);
  let text = '';
  for (let index = 0; index < sorted.length; index++)
    text += fieldText(names[index] as string, value[sorted[index] as string]);
  return text;
}

/** The keys of one kind of dict, sorted, and what they are called in the signed text. */
interface Shape {
  readonly keys: readonly string[];
  readonly sorted: readonly string[];
  readonly names: readonly string[];
}

/** Shapes by name: the metadata of thousands of instances has a few, and sorting is dear. */
const shapes = new Map<string, readonly Shape[]>();
const MOST_SHAPES = 8;
const MOST_NAMES = 256;

function shapeOf(name: string, value: Fields): Shape {
  const keys = Object.keys(value);
  const known = shapes.get(name) ?? [];
  for (const shape of known) if (isSame(shape.keys, keys)) return shape;
  const sorted = inOrder(value);
  const shape = { keys, sorted, names: sorted.map((key) => `${name}:${key}`) };
  if (shapes.size >= MOST_NAMES) shapes.clear();
  shapes.set(name, [shape, ...known.slice(0, MOST_SHAPES - 1)]);
  return shape;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index++) if (some[index] !== others[index]) return false;
  return true;
}

/** What a signature covers of `resource_metadata`. */
export const metadataText = (metadata: Fields): string => dictText('resource_metadata', metadata);

/** A packed datagram's messages share their metadata. */
const sharedMetadataText = oncePer(metadataText);
