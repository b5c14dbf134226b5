import type { Resource, Sample } from '../../model/sample.ts';
import { type MessageOptions, meterMessage } from '../meter-message.ts';
import { type MeterOf, oncePerMeter, oncePerResource } from '../once-per-part.ts';
import { pythonJson } from '../python-json.ts';
import { createSampleSigner } from '../sample-signer.ts';
import { isoTime } from '../timestamp.ts';
import { nestedJson, nestedText } from './nested-json.ts';

/** The meter message of a good sample as it stands within the envelope, in ASCII. The bytes are good until the next call. */
export type MeterText = (sample: Sample) => Uint8Array;

/**
 * What `nestedJson(meterMessage(sample, options))` is, put together from bytes that are made once a meter and once a
 * resource, which are nine tenths of a message. Annotated metadata is the sample's own, so annotated messages are made
 * whole.
 */
export function createMeterText(options: MessageOptions): MeterText {
  if (options.annotate) return (sample) => Buffer.from(nestedJson(meterMessage(sample, options)), 'latin1');
  const meterOf = oncePerMeter((meter) => meterPart(meter, options));
  const resourceOf = oncePerResource(resourceParts);
  const signatureOf = createSampleSigner(options);
  const joined = createJoiner();
  const { publisherId } = options;
  const beforeSignature = ofMember({
    monotonic_time: null,
    ...(publisherId !== null && { publisher_id: publisherId }),
  });
  return (sample) => {
    const resource = resourceOf(sample.resource);
    const timestamp = isoTime(sample.timestamp, options.timestamps);
    return joined([
      meterOf(sample),
      pythonJson(sample.volume),
      resource.beforeTimestamp,
      nestedText(timestamp),
      resource.metadata,
      nestedText(sample.messageId),
      beforeSignature,
      nestedText(signatureOf(sample, timestamp)),
      END,
    ]);
  };
}

const END = Buffer.from('}');

/** What comes before the volume. */
const meterPart = ({ name, type, unit }: MeterOf, { source }: MessageOptions): Buffer =>
  Buffer.from(
    `${opened({ source, counter_name: name, counter_type: type, counter_unit: unit })}, \\"counter_volume\\": `,
  );

/** What comes between volume and timestamp, and between that and the message id. */
function resourceParts({ id, userId, userName, projectId, projectName, metadata }: Resource) {
  const owner = { user_id: userId, user_name: userName, project_id: projectId, project_name: projectName };
  return {
    beforeTimestamp: Buffer.from(`${members({ ...owner, resource_id: id })}, \\"timestamp\\": `),
    metadata: Buffer.from(`${members({ resource_metadata: metadata })}, \\"message_id\\": `),
  };
}

const ofMember = (object: object): Buffer => Buffer.from(`${members(object)}, \\"message_signature\\": `);

/** The text of an object that goes on. */
const opened = (object: object): string => nestedJson(object).slice(0, -1);

/** Further members of an object that goes on. */
const members = (object: object): string => `, ${opened(object).slice(1)}`;

/** Joins ASCII in memory of its own, which the next call uses again. */
function createJoiner(): (parts: readonly (Buffer | string)[]) => Uint8Array {
  let buffer = Buffer.allocUnsafe(4096);
  return (parts) => {
    let length = 0;
    for (const part of parts) length += part.length;
    if (buffer.length < length) buffer = Buffer.allocUnsafe(2 * length);
    let at = 0;
    for (const part of parts) {
      if (typeof part === 'string') buffer.write(part, at, 'latin1');
      else buffer.set(part, at);
      at += part.length;
    }
    return buffer.subarray(0, at);
  };
}
