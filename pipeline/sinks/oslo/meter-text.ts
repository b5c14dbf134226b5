import type { Resource, Sample } from '../../model/sample.ts';
import { type MessageOptions, meterMessage } from '../meter-message.ts';
import { type MeterOf, oncePerMeter, oncePerResourceAt } from '../once-per-part.ts';
import { pythonJson } from '../python-json.ts';
import { createSampleSigner } from '../sample-signer.ts';
import { isoTime } from '../timestamp.ts';
import { nestedJson, withinQuotes } from './nested-json.ts';

/** The meter message of a good sample as it stands within the envelope, in ASCII, put where it belongs. */
export interface MeterText {
  /** How many bytes the sample's message takes. */
  measure(sample: Sample): number;
  /** Writes the message that was measured last, and gives its end. */
  put(into: Buffer, at: number): number;
}

/**
 * What `nestedJson(meterMessage(sample, options))` is, put together from bytes that are made once a meter and once a
 * resource and time, which are nine tenths of a message:
 *
 *   meter… counter_volume  owner… timestamp metadata… message_id  message_signature
 *
 * Annotated metadata is the sample's own, so annotated messages are made whole.
 */
export function createMeterText(options: MessageOptions): MeterText {
  if (options.annotate) return annotatedText(options);
  const meterOf = oncePerMeter((meter) => meterPart(meter, options));
  const resourceOf = oncePerResourceAt((resource, timestamp) => resourcePart(resource, timestamp, options));
  const signatureOf = createSampleSigner(options);
  const { publisherId } = options;
  const afterId = Buffer.from(
    `\\"${members({ monotonic_time: null, ...(publisherId !== null && { publisher_id: publisherId }) })}${SIGNATURE}`,
  );
  const constant = afterId.length + (options.secret === '' ? 0 : SIGNATURE_DIGITS) + END.length;
  let sample: Sample;
  let meter: Buffer;
  let resource: Buffer;
  let volume: string;
  let messageId: string;
  return {
    measure(measured) {
      sample = measured;
      meter = meterOf(sample);
      resource = resourceOf(sample);
      volume = pythonJson(sample.volume);
      messageId = withinQuotes(sample.messageId);
      return meter.length + volume.length + resource.length + messageId.length + constant;
    },
    put(into, start) {
      into.set(meter, start);
      let at = putAscii(into, volume, start + meter.length);
      into.set(resource, at);
      at = putAscii(into, messageId, at + resource.length);
      into.set(afterId, at);
      // JSON and Python write a finite number alike.
      at += afterId.length;
      at += into.write(signatureOf(sample, volume), at, 'latin1');
      return putAscii(into, END, at);
    },
  };
}

function annotatedText(options: MessageOptions): MeterText {
  let text = '';
  return {
    measure(sample) {
      text = nestedJson(meterMessage(sample, options));
      return text.length;
    },
    put: (into, at) => at + into.write(text, at, 'latin1'),
  };
}

/** Times and signatures are plain text: their quotes belong to what is around them. */
const SIGNATURE = ', \\"message_signature\\": \\"';
const SIGNATURE_DIGITS = 64;
const END = '\\"}';

/** What comes before the volume. */
const meterPart = ({ name, type, unit }: MeterOf, { source }: MessageOptions): Buffer =>
  Buffer.from(
    `${opened({ source, counter_name: name, counter_type: type, counter_unit: unit })}, \\"counter_volume\\": `,
  );

/** What comes between volume and message id, with the quotes of that. */
function resourcePart(
  { id, userId, userName, projectId, projectName, metadata }: Resource,
  timestamp: number,
  { timestamps }: MessageOptions,
): Buffer {
  const owner = { user_id: userId, user_name: userName, project_id: projectId, project_name: projectName };
  const time = `, \\"timestamp\\": \\"${isoTime(timestamp, timestamps)}\\"`;
  const described = members({ resource_metadata: metadata });
  return Buffer.from(`${members({ ...owner, resource_id: id })}${time}${described}, \\"message_id\\": \\"`, 'latin1');
}

/** The text of an object that goes on. */
const opened = (object: object): string => nestedJson(object).slice(0, -1);

/** Further members of an object that goes on. */
const members = (object: object): string => `, ${opened(object).slice(1)}`;

/** Short as it is, quicker to copy here than to hand over to the native encoder. Gives the end. */
function putAscii(buffer: Buffer, text: string, start: number): number {
  for (let index = 0; index < text.length; index++) buffer[start + index] = text.charCodeAt(index);
  return start + text.length;
}
