import type { Resource, Sample } from '../../model/sample.ts';
import { isFloat64 } from '../float64.ts';
import { createHmacAfterBlock, KEY_BYTES } from '../hmac.ts';
import { annotated, type MessageOptions } from '../meter-message.ts';
import { making, packedAll } from '../msgpack-writer.ts';
import { oncePerMeter } from '../once-per-part.ts';
import { isoTime } from '../timestamp.ts';
import type { Datagram, Datagrams } from './datagram.ts';

/**
 * A packed datagram carries many samples, each restorable to its exact meter message, and says once what they share:
 *
 *   datagram = head body tag
 *   head     = 48 4d ("HM") | 02 (version) | uint16 samples | 8 bytes sender | uint64 sequence, big-endian
 *   body     = MessagePack values: source, publisher_id or nil, then entries
 *   entry    = text                                 the timestamp of the samples that follow
 *            | [id, user_id, user_name, project_id, project_name, metadata]    the resource of those that follow
 *            | [id, user_id, user_name, project_id, project_name, changed, [removed …]]     the resource, its metadata
 *                                                 being that of the one before but for what changed
 *            | [id, changed, [removed …]]            the same, of the same owner
 *            | [meter, volume, message_id]          a sample
 *   meter    = [name, type, unit]                   the first time in a datagram; such meters are numbered from 0
 *            | integer                              the number of one before
 *   message_id = 16 bytes of a UUID | text
 *   tag      = 32 bytes: HMAC-SHA256 of head and body under the secret
 *
 * No meter message begins with 48. A sender is a random number of one process; its datagrams are numbered from 0, so
 * that gaps are what was lost. `message_signature` is not carried: whoever has the secret checks the tag and computes
 * it, which costs neither 32 bytes nor a hash a sample.
 */
export const MAGIC = 0x484d;
export const VERSION = 2;
export const HEAD_BYTES = 21;
export const TAG_BYTES = 32;
const MOST_SAMPLES = 0xffff;

export interface PackOptions {
  readonly message: MessageOptions;
  /** A datagram grows to this at most, unless one sample alone is larger. */
  readonly maxBytes: number;
  /** Below 2^64. */
  readonly sender: bigint;
}

/** A datagram in the making: what it says already need not be said again. */
interface Draft {
  readonly samples: Sample[];
  readonly meters: Map<Meter, number>;
  resource: Described | null;
  timestamp: string;
}

/** Name, type and unit. */
type Meter = readonly [string, string, string];

/** What comes before the body, and what the key takes before that. */
const FRONT_BYTES = KEY_BYTES + HEAD_BYTES;

/** Packs samples into as few datagrams as neighbouring ones allow. The secret must not be empty. */
export function createPackedDatagrams({ message, maxBytes, sender }: PackOptions): Datagrams {
  const { source, publisherId, secret, timestamps } = message;
  const preamble = Buffer.from(packedAll([source, publisherId]));
  const meterOf = oncePerMeter(({ name, type, unit }): Meter => [name, type, unit]);
  const resourceOf = message.annotate
    ? (sample: Sample): Described => ({ of: sample.resource, metadata: annotated(sample) })
    : describedOnce();
  const hmac = createHmacAfterBlock(secret);
  const mostBytes = KEY_BYTES + maxBytes - TAG_BYTES;
  let sequence = 0n;

  function begin(): Draft {
    making.begin(FRONT_BYTES);
    making.putBytes(preamble);
    return { samples: [], meters: new Map(), resource: null, timestamp: '' };
  }

  function seal({ samples }: Draft): Datagram {
    const end = making.length();
    making.skip(TAG_BYTES);
    const buffer = making.take();
    let at = buffer.writeUInt16BE(MAGIC, KEY_BYTES);
    at = buffer.writeUInt8(VERSION, at);
    at = buffer.writeUInt16BE(samples.length, at);
    at = buffer.writeBigUInt64BE(sender, at);
    buffer.writeBigUInt64BE(sequence++, at);
    buffer.write(hmac(buffer.subarray(0, end), 'binary'), end, 'latin1');
    return { bytes: buffer.subarray(KEY_BYTES), samples };
  }

  /** Adds a sample, and what of its circumstances is not said yet; false if it does not fit any more. */
  function add(draft: Draft, sample: Sample): boolean {
    const { samples, meters } = draft;
    const before = making.length();
    const meter = meterOf(sample);
    const resource = resourceOf(sample);
    const time = isoTime(sample.timestamp, timestamps);
    if (draft.timestamp !== time) making.put(time);
    if (draft.resource !== resource) putResource(resource, draft.resource);
    making.putArray(3);
    const known = meters.get(meter);
    making.put(known ?? meter);
    making.put(sample.volume);
    putId(sample.messageId);
    if (samples.length > 0 && (making.length() > mostBytes || samples.length === MOST_SAMPLES)) {
      making.cutBack(before);
      return false;
    }
    if (known === undefined) meters.set(meter, meters.size);
    samples.push(sample);
    draft.resource = resource;
    draft.timestamp = time;
    return true;
  }

  return function* datagrams(samples) {
    // Begun and sealed between two yields: others pack meanwhile.
    for (let next = 0; next < samples.length; ) {
      const draft = begin();
      while (next < samples.length && add(draft, samples[next] as Sample)) next++;
      yield seal(draft);
    }
  };
}

/** A resource as the samples that follow it have it. */
interface Described {
  readonly of: Resource;
  readonly metadata: Resource['metadata'];
}

/** Samples of one resource come one after the other: told by reference. */
function describedOnce(): (sample: Sample) => Described {
  let latest: Described | null = null;
  return ({ resource }) => {
    if (latest?.of !== resource) latest = { of: resource, metadata: resource.metadata };
    return latest;
  };
}

/**
 * A resource, said by what it has otherwise than the one before: the devices of an instance share its owner and nearly
 * all of its metadata, which is by far most of what a datagram would hold, and its neighbours some.
 */
function putResource({ of, metadata }: Described, before: Described | null): void {
  const difference = before === null ? null : changes(metadata, before.metadata);
  const isOwned = before !== null && difference !== null && hasSameOwner(of, before.of);
  const owner = isOwned ? [] : [of.userId, of.userName, of.projectId, of.projectName];
  making.put([of.id, ...owner, ...(difference ?? [metadata])]);
}

/**
 * What makes the metadata of that before: values changed where they stand and others added behind, then keys removed.
 * Null if that gives another order of the keys: the message must come out byte for byte.
 */
function changes(metadata: Metadata, before: Metadata): readonly [Metadata, readonly string[]] | null {
  // Without a prototype: a key may have any name.
  const changed: Record<string, unknown> = Object.create(null);
  const removed: string[] = [];
  const keys = Object.keys(metadata);
  let at = 0;
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(metadata, key)) removed.push(key);
    else if (keys[at++] !== key) return null;
  }
  for (const key of keys)
    if (!Object.hasOwn(before, key) || !isSame(metadata[key], before[key])) changed[key] = metadata[key];
  return [changed, removed];
}

type Metadata = Resource['metadata'];

/** The same to the byte; flavors and images of two instances are rarely one object. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b) || isFloat64(a) || isFloat64(b)) return false;
  const keys = Object.keys(a);
  const others = Object.keys(b);
  if (keys.length !== others.length) return false;
  return keys.every((key, n) => others[n] === key && isSame(a[key as keyof typeof a], b[key as keyof typeof b]));
}

const hasSameOwner = (a: Resource, b: Resource): boolean =>
  a.userId === b.userId && a.userName === b.userName && a.projectId === b.projectId && a.projectName === b.projectName;

/** Binary of 16 bytes, behind its head; copied before the next one is put in. */
const packedUuid = Buffer.from(`c410${'00'.repeat(16)}`, 'hex');
const DASHES = [8, 13, 18, 23];
/** Where the two digits of each byte begin. */
const DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const DASH = 0x2d;

/** A UUID in its canonical form as 16 bytes, any other text as it is. */
function putId(messageId: string): void {
  if (isUuid(messageId)) making.putBytes(packedUuid);
  else making.put(messageId);
}

/** Leaves its bytes in `packedUuid`. */
function isUuid(text: string): boolean {
  if (text.length !== 36) return false;
  for (const at of DASHES) if (text.charCodeAt(at) !== DASH) return false;
  let byte = 2;
  for (const at of DIGITS) {
    const value = (hexDigit(text.charCodeAt(at)) << 4) | hexDigit(text.charCodeAt(at + 1));
    if (value < 0) return false;
    packedUuid[byte++] = value;
  }
  return true;
}

/** By character: the value of 0 to 9 and a to f; -1 of anything else, upper case too. */
const HEX = Int8Array.from({ length: 0x80 }, (_, unit) => '0123456789abcdef'.indexOf(String.fromCharCode(unit)));
const hexDigit = (unit: number): number => HEX[unit] ?? -1;
