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

/** A message as far as all attempts to send it have it in common. */
export interface Draft extends Packed {
  /** Where it is the message's own and not the sink's. */
  readonly publisherId?: string;
}

/** What carries the messages: RabbitMQ's driver puts a unique id into each, Kafka's a context. */
export interface Carrier {
  readonly withUniqueId: boolean;
}

export interface Writer {
  /** Good samples as messages, packed as they are asked for, and those that fit none, complete when all were. */
  drafts(samples: readonly Sample[]): {
    readonly drafts: IterableIterator<Draft>;
    readonly oversize: readonly Sample[];
  };
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
  const text = createMeterText({ source, timestamps, annotate, secret, publisherId: null });
  const format = FORMATS[config.format];
  const publisherId = config.publisherId ?? format.publisherId(serviceId);
  /** Those of which a body may still be on its way: the next attempt leaves it alone. */
  const begun = new WeakSet<Draft>();
  return {
    drafts(samples) {
      if (config.format === 'exists') return { drafts: auditsOf(samples).map(draftOf).values(), oversize: [] };
      const { messages, oversize } = pack(samples, text, batch);
      return { drafts: messages, oversize };
    },
    body(draft) {
      const { messageId, publisherId: own } = draft;
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
      const isFirst = !begun.has(draft);
      begun.add(draft);
      return { body: (isFirst ? putAround : putAroundCopy)(draft, start + open, close + end), uniqueId };
    },
  };
}

/** The envelope around the samples where they lie, if there is room for it. */
function putAround(packed: Packed, before: string, after: string): Buffer {
  const { bytes, from, to } = packed;
  if (before.length > from || after.length > bytes.length - to) return putAroundCopy(packed, before, after);
  bytes.write(before, from - before.length, 'latin1');
  bytes.write(after, to, 'latin1');
  return bytes.subarray(from - before.length, to + after.length);
}

const putAroundCopy = ({ bytes, from, to }: Packed, before: string, after: string): Buffer =>
  Buffer.concat([Buffer.from(before), bytes.subarray(from, to), Buffer.from(after)]);

const draftOf = ({ messageId, publisherId, nestedPayload, samples }: Audit): Draft => ({
  messageId,
  publisherId,
  bytes: nestedPayload,
  from: 0,
  to: nestedPayload.length,
  samples,
});
