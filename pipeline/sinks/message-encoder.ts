import type { Resource, Sample } from '../model/sample.ts';
import { createHmacAfterBlock, KEY_BYTES } from './hmac.ts';
import { type MessageOptions, meterMessage } from './meter-message.ts';
import { packed, packedAll } from './msgpack-writer.ts';
import { pythonText } from './python-text.ts';
import { metadataText, signedText } from './signature.ts';
import { isoTime } from './timestamp.ts';

/** A valid sample's signed meter message (see `meterMessage`) as MessagePack, in bytes of its own. */
export type MessageEncoder = (sample: Sample) => Buffer;

/**
 * The same bytes as `packed(meterMessage(sample, options))` at a small part of the cost: all that the samples of one
 * meter or of one resource share is packed once, and so is the text that is signed of it. Between the shared parts
 * go the sample's own volume, time and message id:
 *
 *   packed  meter… volume  resource… timestamp  metadata… message_id  publisher… message_signature
 *   signed  meter… volume  message_id  project… metadata… source timestamp  user…
 *
 * Annotated metadata is the sample's own, so annotated messages are made whole.
 */
export function createMessageEncoder(options: MessageOptions): MessageEncoder {
  if (options.annotate) return (sample) => packed(meterMessage(sample, options));
  const meterOf = oncePerMeter((meter) => meterParts(meter, options));
  const resourceOf = oncePerResource((resource) => resourceParts(resource, options));
  const signatureOf = createSigner(options.secret);
  const end = publisherPart(options);
  return (sample) => {
    const meter = meterOf(sample);
    const resource = resourceOf(sample.resource);
    const { volume, messageId } = sample;
    const timestamp = isoTime(sample.timestamp, options.timestamps);
    const signature = signatureOf([
      meter.signed,
      pythonText(volume),
      'message_id',
      messageId,
      resource.signed,
      timestamp,
      resource.signedUser,
    ]);
    return packedAll([
      meter.packed,
      volume,
      resource.packed,
      timestamp,
      resource.packedMetadata,
      messageId,
      end,
      signature,
    ]);
  };
}

interface MeterParts {
  readonly packed: Buffer;
  /** As UTF-8. */
  readonly signed: Buffer;
}

/** What comes before the volume. */
function meterParts({ name, type, unit }: MeterOf, { source, publisherId }: MessageOptions): MeterParts {
  const head = mapHead(publisherId === null ? KEYS : KEYS + 1);
  const meter = { counter_name: name, counter_type: type, counter_unit: unit };
  return {
    packed: kept(packedAll([head, 'source', source, ...Object.entries(meter).flat(), 'counter_volume'])),
    signed: Buffer.from(`${signedText(meter)}counter_volume`),
  };
}

interface ResourceParts {
  readonly packed: Buffer;
  readonly packedMetadata: Buffer;
  readonly signed: Buffer;
  readonly signedUser: Buffer;
}

/** What comes between volume and timestamp, and between that and the message id. */
function resourceParts(resource: Resource, { source, publisherId, secret }: MessageOptions): ResourceParts {
  const { id, userId, userName, projectId, projectName, metadata } = resource;
  const user = [USER_ID, userId, USER_NAME, userName];
  const project = [PROJECT_ID, projectId, PROJECT_NAME, projectName];
  const parts = {
    packed: packedAll([...user, ...project, RESOURCE_ID, id, TIMESTAMP]),
    packedMetadata: packedAll([RESOURCE_METADATA, metadata, MESSAGE_ID]),
  };
  if (secret === '') return { ...parts, signed: NOTHING, signedUser: NOTHING };
  const names = `project_id${pythonText(projectId)}project_name${pythonText(projectName)}`;
  const publisher = publisherId === null ? '' : `publisher_id${publisherId}`;
  const rest = `${metadataText(metadata)}source${source}timestamp`;
  return {
    ...parts,
    signed: Buffer.from(`monotonic_timeNone${names}${publisher}resource_id${id}${rest}`),
    signedUser: Buffer.from(`user_id${pythonText(userId)}user_name${pythonText(userName)}`),
  };
}

/** What comes between message id and signature. */
function publisherPart({ publisherId }: MessageOptions): Buffer {
  const publisher = publisherId === null ? [] : ['publisher_id', publisherId];
  return kept(packedAll(['monotonic_time', null, ...publisher, 'message_signature']));
}

const NOTHING = Buffer.alloc(0);

/** Bytes that do not hold on to the chunk that they were written in. */
const kept = (bytes: Buffer): Buffer => Buffer.from(bytes);

/** Keys of a message without `publisher_id`. */
const KEYS = 15;
const mapHead = (keys: number): Buffer => Buffer.from(keys < 16 ? [0x80 | keys] : [0xde, 0, keys]);

const key = (name: string): Buffer => kept(packed(name));
const USER_ID = key('user_id');
const USER_NAME = key('user_name');
const PROJECT_ID = key('project_id');
const PROJECT_NAME = key('project_name');
const RESOURCE_ID = key('resource_id');
const TIMESTAMP = key('timestamp');
const RESOURCE_METADATA = key('resource_metadata');
const MESSAGE_ID = key('message_id');

/** The part of a sample that says which meter it is. */
export type MeterOf = Pick<Sample, 'name' | 'type' | 'unit'>;

/** Meters that are remembered; a catalogue has some hundred. */
const MOST_METERS = 4096;

/** Remembers what `derive` made of a meter: name, type and unit. */
export function oncePerMeter<Parts>(derive: (meter: MeterOf) => Parts): (meter: MeterOf) => Parts {
  const known = new Map<string, MeterOf & { readonly parts: Parts }>();
  return (meter) => {
    const { name, type, unit } = meter;
    const found = known.get(name);
    if (found && found.type === type && found.unit === unit) return found.parts;
    if (known.size >= MOST_METERS) known.clear();
    const parts = derive(meter);
    known.set(name, { name, type, unit, parts });
    return parts;
  };
}

/** Remembers what `derive` made of the latest resource: a batch has the samples of one next to each other. */
export function oncePerResource<Parts>(derive: (resource: Resource) => Parts): (resource: Resource) => Parts {
  let latest: { readonly of: Resource; readonly parts: Parts } | undefined;
  return (resource) => {
    if (latest?.of !== resource) latest = { of: resource, parts: derive(resource) };
    return latest.parts;
  };
}

/** Signs a text that comes in parts, as UTF-8 or yet to be; an empty secret signs nothing, as Ceilometer has it. */
function createSigner(secret: string): (parts: readonly (Buffer | string)[]) => string {
  if (secret === '') return () => '';
  const hmac = createHmacAfterBlock(secret);
  let buffer = Buffer.allocUnsafe(4096);
  return (parts) => {
    let most = KEY_BYTES;
    // A UTF-16 unit is at most three bytes of UTF-8.
    for (const part of parts) most += part.length * 3;
    if (buffer.length < most) buffer = Buffer.allocUnsafe(most);
    let at = KEY_BYTES;
    for (const part of parts) {
      if (typeof part === 'string') at = writeUtf8(buffer, part, at);
      else {
        buffer.set(part, at);
        at += part.length;
      }
    }
    return hmac(buffer, at, 'hex');
  };
}

/** Gives the end. Short ASCII, which most is, is quicker to copy here than to hand over to the native encoder. */
function writeUtf8(buffer: Buffer, text: string, start: number): number {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return start + buffer.write(text, start, 'utf8');
    buffer[start + index] = unit;
  }
  return start + text.length;
}
