import type { Sample } from '../../model/sample.ts';
import { createHmacAfterBlock, KEY_BYTES } from '../hmac.ts';
import { annotated, type MessageOptions } from '../meter-message.ts';
import { packed, packedAll } from '../msgpack-writer.ts';
import { oncePerMeter, oncePerResource } from '../once-per-part.ts';
import { isoTime } from '../timestamp.ts';
import type { Datagram, Datagrams } from './datagram.ts';

/**
 * A packed datagram carries many samples, each restorable to its exact meter message, and says once what they share:
 *
 *   datagram = head body tag
 *   head     = 48 4d ("HM") | 01 (version) | uint16 samples | 8 bytes sender | uint64 sequence, big-endian
 *   body     = MessagePack values: source, publisher_id or nil, then entries
 *   entry    = text                                 the timestamp of the samples that follow
 *            | [id, user_id, user_name, project_id, project_name, metadata]    the resource of those that follow
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
export const VERSION = 1;
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
  readonly parts: Buffer[];
  readonly samples: Sample[];
  readonly meters: Map<Buffer, number>;
  bytes: number;
  resource: Buffer | null;
  timestamp: string;
}

/** Packs samples into as few datagrams as neighbouring ones allow. The secret must not be empty. */
export function createPackedDatagrams({ message, maxBytes, sender }: PackOptions): Datagrams {
  const { source, publisherId, secret, timestamps } = message;
  const preamble = Buffer.from(packedAll([source, publisherId]));
  const meterOf = oncePerMeter(({ name, type, unit }) => Buffer.from(packed([name, type, unit])));
  const sharedResourceOf = oncePerResource((resource) => packedResource(resource, resource.metadata));
  const resourceOf = message.annotate
    ? (sample: Sample) => packedResource(sample.resource, annotated(sample))
    : (sample: Sample) => sharedResourceOf(sample.resource);
  const hmac = createHmacAfterBlock(secret);
  let sequence = 0n;

  const begin = (): Draft => ({
    parts: [preamble],
    samples: [],
    meters: new Map(),
    bytes: HEAD_BYTES + preamble.length + TAG_BYTES,
    resource: null,
    timestamp: '',
  });

  function seal({ parts, samples, bytes }: Draft): Datagram {
    const buffer = Buffer.allocUnsafe(KEY_BYTES + bytes);
    let at = buffer.writeUInt16BE(MAGIC, KEY_BYTES);
    at = buffer.writeUInt8(VERSION, at);
    at = buffer.writeUInt16BE(samples.length, at);
    at = buffer.writeBigUInt64BE(sender, at);
    at = buffer.writeBigUInt64BE(sequence++, at);
    for (const part of parts) {
      buffer.set(part, at);
      at += part.length;
    }
    buffer.write(hmac(buffer, at, 'binary'), at, 'latin1');
    return { bytes: buffer.subarray(KEY_BYTES), samples };
  }

  return function* datagrams(samples) {
    let draft = begin();
    for (const sample of samples) {
      const said = {
        meter: meterOf(sample),
        resource: resourceOf(sample),
        time: isoTime(sample.timestamp, timestamps),
      };
      let parts = partsOf(draft, sample, said);
      const isFull = draft.bytes + lengthOf(parts) > maxBytes || draft.samples.length === MOST_SAMPLES;
      if (isFull && draft.samples.length > 0) {
        yield seal(draft);
        draft = begin();
        parts = partsOf(draft, sample, said);
      }
      add(draft, sample, said, parts);
    }
    if (draft.samples.length > 0) yield seal(draft);
  };
}

/** What a sample says that others may have said before it. */
interface Said {
  readonly meter: Buffer;
  readonly resource: Buffer;
  readonly time: string;
}

/** What the draft needs to carry the sample. */
function partsOf(draft: Draft, { volume, messageId }: Sample, { meter, resource, time }: Said): readonly Buffer[] {
  const known = draft.meters.get(meter);
  const id = packedId(messageId);
  const sample = packedAll([SAMPLE_HEAD, known ?? meter, volume, id]);
  if (draft.resource === resource && draft.timestamp === time) return [sample];
  const parts = [sample];
  if (draft.resource !== resource) parts.unshift(resource);
  if (draft.timestamp !== time) parts.unshift(packed(time));
  return parts;
}

function add(draft: Draft, sample: Sample, { meter, resource, time }: Said, parts: readonly Buffer[]): void {
  if (!draft.meters.has(meter)) draft.meters.set(meter, draft.meters.size);
  draft.parts.push(...parts);
  draft.samples.push(sample);
  draft.bytes += lengthOf(parts);
  draft.resource = resource;
  draft.timestamp = time;
}

/** The head of an array of three. */
const SAMPLE_HEAD = Buffer.from([0x93]);

const packedResource = (of: Sample['resource'], metadata: Sample['resource']['metadata']): Buffer =>
  packed([of.id, of.userId, of.userName, of.projectId, of.projectName, metadata]);

/** Binary of 16 bytes; copied before the next one is put in. */
const packedUuid = Buffer.from(`c410${'00'.repeat(16)}`, 'hex');
const DASHES = [8, 13, 18, 23];
/** Where the two digits of each byte begin. */
const DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const DASH = 0x2d;

/** A UUID in its canonical form as 16 bytes, any other text as it is. */
function packedId(messageId: string): Buffer | string {
  if (messageId.length !== 36) return messageId;
  for (const at of DASHES) if (messageId.charCodeAt(at) !== DASH) return messageId;
  let byte = 2;
  for (const at of DIGITS) {
    const value = (hexDigit(messageId.charCodeAt(at)) << 4) | hexDigit(messageId.charCodeAt(at + 1));
    if (value < 0) return messageId;
    packedUuid[byte++] = value;
  }
  return packedUuid;
}

/** Of 0 to 9 and a to f; -1 of anything else, upper case too. */
function hexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  return unit >= 0x61 && unit <= 0x66 ? unit - 0x57 : -1;
}

function lengthOf(parts: readonly Buffer[]): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}
