import type { Resource, Sample } from '../model/sample.ts';
import { createHmacAfterBlock, KEY_BYTES } from './hmac.ts';
import type { MessageOptions } from './meter-message.ts';
import { type MeterOf, oncePerMeter, oncePerResource } from './once-per-part.ts';
import { pythonText } from './python-text.ts';
import { metadataText, signedText } from './signature.ts';

/**
 * The signature of a valid sample's meter message, as `meterMessage` gives it, at a small part of the cost: what the
 * samples of one meter or of one resource have in common of the signed text is made once.
 *
 *   meter… counter_volume  message_id  project… metadata… source timestamp  user…
 *
 * `timestamp` is the sample's as the message has it. Not for annotated messages, whose metadata is the sample's own.
 */
export type SampleSigner = (sample: Sample, timestamp: string) => string;

/** Signs; with an empty secret the signatures are empty, as Ceilometer has it. */
export function createSampleSigner(options: MessageOptions): SampleSigner {
  const { secret } = options;
  if (secret === '') return () => '';
  const meterOf = oncePerMeter(signedMeter);
  const resourceOf = oncePerResource((resource) => signedResource(resource, options));
  const signatureOf = createHmacOfParts(secret);
  return (sample, timestamp) => {
    const { beforeTimestamp, user } = resourceOf(sample.resource);
    const volume = pythonText(sample.volume);
    return signatureOf([meterOf(sample), volume, 'message_id', sample.messageId, beforeTimestamp, timestamp, user]);
  };
}

const signedMeter = ({ name, type, unit }: MeterOf): Buffer =>
  Buffer.from(`${signedText({ counter_name: name, counter_type: type, counter_unit: unit })}counter_volume`);

function signedResource(
  { id, userId, userName, projectId, projectName, metadata }: Resource,
  { source, publisherId }: MessageOptions,
) {
  const project = `project_id${pythonText(projectId)}project_name${pythonText(projectName)}`;
  const publisher = publisherId === null ? '' : `publisher_id${publisherId}`;
  const rest = `${metadataText(metadata)}source${source}timestamp`;
  return {
    beforeTimestamp: Buffer.from(`monotonic_timeNone${project}${publisher}resource_id${id}${rest}`),
    user: Buffer.from(`user_id${pythonText(userId)}user_name${pythonText(userName)}`),
  };
}

/** Signs a text that comes in parts, as UTF-8 or yet to be. */
function createHmacOfParts(secret: string): (parts: readonly (Buffer | string)[]) => string {
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
