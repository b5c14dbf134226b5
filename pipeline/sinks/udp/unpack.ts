import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ReadMessage } from '../message-decoder.ts';
import { MsgpackError, unpackedAll } from '../msgpack-reader.ts';
import { sign } from '../signature.ts';
import { HEAD_BYTES, MAGIC, TAG_BYTES, VERSION } from './packed.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A packed datagram as it came. */
export interface Unpacked {
  /** 16 hex digits */
  readonly sender: string;
  readonly sequence: bigint;
  readonly messages: readonly ReadMessage[];
}

/** Of all resources that are said by their differences: each copies the metadata of the one before, for some 5 bytes. */
const MOST_COPIED = 100_000;

/** True if the bytes begin as a packed datagram, and not as a meter message. */
export const isPackedDatagram = (bytes: Uint8Array): boolean => bytes[0] === MAGIC >> 8 && bytes[1] === (MAGIC & 0xff);

/**
 * The meter messages of a packed datagram, each as it would have come by itself; `message_signature` is there where the
 * secret was given. Throws a MsgpackError on bytes that do not follow the grammar (`packed.ts`) or whose metadata comes
 * to more than 100 000 entries, and on a tag that is not the secret's: what a stranger sends is not unpacked.
 */
export function unpackDatagram(bytes: Buffer, secret: string | undefined): Unpacked {
  if (bytes.length < HEAD_BYTES + TAG_BYTES) throw new MsgpackError(`a packed datagram of only ${bytes.length} bytes`);
  const version = bytes.readUInt8(2);
  // Version 1 is version 2 without resources that are said by their differences.
  if (version < 1 || version > VERSION)
    throw new MsgpackError(`packed datagram of version ${version}: this program reads 1 to ${VERSION}`);
  if (secret !== undefined && !isTaggedBy(bytes, secret))
    throw new MsgpackError('a packed datagram whose tag is not of this secret: check that its sender has the same');
  const messages = messagesOf(bytes.subarray(HEAD_BYTES, -TAG_BYTES));
  const count = bytes.readUInt16BE(3);
  if (messages.length !== count) throw new MsgpackError(`${messages.length} samples where ${count} were promised`);
  if (secret !== undefined) for (const message of messages) message.message_signature = sign(message, secret);
  const signature = secret === undefined ? 'unchecked' : 'valid';
  return {
    sender: bytes.toString('hex', 5, 13),
    sequence: bytes.readBigUInt64BE(13),
    messages: messages.map((message) => ({ message, signature })),
  };
}

function isTaggedBy(bytes: Buffer, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(bytes.subarray(0, -TAG_BYTES)).digest();
  return timingSafeEqual(expected, bytes.subarray(-TAG_BYTES));
}

/** What the entries so far have said. */
interface Context {
  readonly source: string;
  readonly publisherId: string | null;
  readonly meters: Fields[];
  timestamp: string | null;
  resource: readonly [Fields, Fields] | null;
  /** Entries of metadata that were copied from a resource to the next. */
  copied: number;
}

function messagesOf(body: Buffer): Record<string, unknown>[] {
  const [source, publisherId, ...entries] = unpackedAll(body);
  if (typeof source !== 'string') throw new MsgpackError('a packed datagram without a source');
  if (!isTextOrNull(publisherId)) throw new MsgpackError('a packed datagram whose publisher_id is not text');
  const context: Context = { source, publisherId, meters: [], timestamp: null, resource: null, copied: 0 };
  const messages: Record<string, unknown>[] = [];
  for (const entry of entries) {
    if (typeof entry === 'string') context.timestamp = entry;
    else if (!Array.isArray(entry)) throw new MsgpackError('an entry that is neither text nor an array');
    else if (typeof entry[0] === 'string') context.resource = resourceOf(entry, context);
    else if (entry.length === 3) messages.push(messageOf(context, entry));
    else throw new MsgpackError(`an entry of ${entry.length} elements`);
  }
  return messages;
}

function messageOf(context: Context, [meter, volume, id]: readonly unknown[]): Record<string, unknown> {
  const { source, publisherId, timestamp, resource } = context;
  if (resource === null || timestamp === null) throw new MsgpackError('a sample before its resource or its time');
  if (typeof volume !== 'number' && typeof volume !== 'bigint') throw new MsgpackError('a volume that is no number');
  const [owner, metadata] = resource;
  const message_id = messageId(id);
  return {
    source,
    ...meterOf(context.meters, meter),
    counter_volume: volume,
    ...owner,
    timestamp,
    ...metadata,
    message_id,
    monotonic_time: null,
    ...(publisherId === null ? {} : { publisher_id: publisherId }),
  };
}

/**
 * The fields before and after the timestamp: all of them (6 elements), or but for the metadata's differences from the
 * resource before (7), or of its owner too (3).
 */
function resourceOf(entry: readonly unknown[], context: Context): readonly [Fields, Fields] {
  if (entry.length === 6) return [ownerOf(entry), { resource_metadata: mapOf(entry[5]) }];
  if (entry.length !== 3 && entry.length !== 7) throw new MsgpackError(`a resource of ${entry.length} elements`);
  if (context.resource === null) throw new MsgpackError('a resource like the one before where there is none');
  const [owner, { resource_metadata }] = context.resource;
  const [changed, removed] = entry.slice(-2);
  const fields = entry.length === 7 ? ownerOf(entry) : { ...owner, resource_id: entry[0] };
  const before = mapOf(resource_metadata);
  context.copied += Object.keys(before).length;
  if (context.copied > MOST_COPIED)
    throw new MsgpackError(`resources whose metadata comes to more than ${MOST_COPIED} entries`);
  return [fields, { resource_metadata: changedMap(before, mapOf(changed), removed) }];
}

function ownerOf([resource_id, user_id, user_name, project_id, project_name]: readonly unknown[]): Fields {
  if (typeof resource_id !== 'string' || ![user_id, user_name, project_id, project_name].every(isTextOrNull))
    throw new MsgpackError('a resource whose ids are not text');
  return { user_id, user_name, project_id, project_name, resource_id };
}

function mapOf(metadata: unknown): Fields {
  if (!isMap(metadata)) throw new MsgpackError('a resource whose metadata is not a map');
  return metadata as Fields;
}

function changedMap(before: Fields, changed: Fields, removed: unknown): Fields {
  if (!Array.isArray(removed) || !removed.every((key) => typeof key === 'string'))
    throw new MsgpackError('removed metadata that is not a list of names');
  const fields = new Map(Object.entries(before));
  for (const key of removed) fields.delete(key);
  for (const [key, value] of Object.entries(changed)) fields.set(key, value);
  return Object.fromEntries(fields);
}

function meterOf(meters: Fields[], meter: unknown): Fields {
  if (Array.isArray(meter)) {
    const [counter_name, counter_type, counter_unit] = meter;
    if (meter.length !== 3 || !meter.every((text) => typeof text === 'string'))
      throw new MsgpackError('a meter that is not name, type and unit');
    const fields = { counter_name, counter_type, counter_unit };
    meters.push(fields);
    return fields;
  }
  const known = typeof meter === 'number' ? meters[meter] : undefined;
  if (known === undefined) throw new MsgpackError('a meter that was not named before');
  return known;
}

function messageId(id: unknown): string {
  if (typeof id === 'string') return id;
  if (!(id instanceof Uint8Array) || id.length !== 16)
    throw new MsgpackError('a message_id of neither text nor 16 bytes');
  const hex = Buffer.from(id).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const isMap = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
