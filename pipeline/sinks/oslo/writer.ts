import { randomUUID } from 'node:crypto';
import type { Sample } from '../../model/sample.ts';
import { readSecret } from '../secret.ts';
import type { SinkContext } from '../sink.ts';
import type { OsloConfig } from './config.ts';
import { envelopeAround, osloTime } from './envelope.ts';
import { type Audit, auditsOf } from './exists.ts';
import { FORMATS } from './formats.ts';
import { createMeterText } from './meter-text.ts';
import { type Packed, pack } from './packing.ts';

/** A message that keeps its id over all attempts to send it. */
export interface Draft extends Packed {
  readonly messageId: string;
  /** Where it is the message's own and not the sink's. */
  readonly publisherId?: string;
}

/** What carries the messages: RabbitMQ's driver puts a unique id into each, Kafka's a context. */
export interface Carrier {
  readonly withUniqueId: boolean;
}

export interface Writer {
  /** Good samples as messages, and those that fit none. */
  drafts(samples: readonly Sample[]): { readonly drafts: readonly Draft[]; readonly oversize: readonly Sample[] };
  /** The body for one attempt, and the unique id that is in it. */
  body(draft: Draft): { readonly body: Buffer; readonly uniqueId: string };
}

/** Reads the secret; rejects with a SinkError where that cannot be read. */
export async function createWriter(
  sink: string,
  config: OsloConfig,
  { clock, publisherId: serviceId }: SinkContext,
  { withUniqueId }: Carrier,
): Promise<Writer> {
  const { source, timestamps, annotate, batch } = config;
  const secret = await readSecret(sink, config);
  const encode = createMeterText({ source, timestamps, annotate, secret, publisherId: null });
  const format = FORMATS[config.format];
  const publisherId = config.publisherId ?? format.publisherId(serviceId);
  return {
    drafts(samples) {
      if (config.format === 'exists') return { drafts: auditsOf(samples).map(draftOf), oversize: [] };
      const { messages, oversize } = pack(samples, encode, batch);
      return { drafts: messages.map((message) => ({ ...message, messageId: randomUUID() })), oversize };
    },
    body({ messageId, nestedSamples, publisherId: own }) {
      const uniqueId = randomUUID().replaceAll('-', '');
      const heading = {
        message_id: messageId,
        publisher_id: own ?? publisherId,
        event_type: format.eventType,
        priority: format.priority,
        timestamp: osloTime(clock.now()),
        ...(withUniqueId ? { _unique_id: uniqueId } : { _context: {} }),
      };
      const [start, end] = envelopeAround(heading);
      const [open, close] = format.payload;
      const body = Buffer.concat([Buffer.from(start + open), nestedSamples, Buffer.from(close + end)]);
      return { body, uniqueId };
    },
  };
}

const draftOf = ({ messageId, publisherId, nestedPayload, samples }: Audit): Draft => ({
  messageId,
  publisherId,
  nestedSamples: nestedPayload,
  samples,
});
