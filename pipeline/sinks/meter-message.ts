import type { MeterType, Sample } from '../model/sample.ts';
import { sign } from './signature.ts';
import { isoTime, type TimestampStyle } from './timestamp.ts';

/**
 * Ceilometer's meter message, keys in the order of `meter_message_from_counter` (ceilometer/publisher/utils.py).
 * Whole volumes are integers on the wire, others float64. Without `publisher_id` it is, key for key, what
 * Ceilometer's UDP publisher sends.
 */
export interface MeterMessage {
  readonly source: string;
  readonly counter_name: string;
  readonly counter_type: MeterType;
  readonly counter_unit: string;
  readonly counter_volume: number | bigint;
  readonly user_id: string | null;
  readonly user_name: string | null;
  readonly project_id: string | null;
  readonly project_name: string | null;
  readonly resource_id: string;
  readonly timestamp: string;
  readonly resource_metadata: Readonly<Record<string, unknown>>;
  readonly message_id: string;
  readonly monotonic_time: null;
  readonly publisher_id?: string;
  readonly message_signature: string;
}

export interface MessageOptions {
  readonly source: string;
  /** Sent and signed as `publisher_id`; null leaves the key out. */
  readonly publisherId: string | null;
  readonly timestamps: TimestampStyle;
  /** Adds window, coverage, quality and flags to the metadata, under `hypermeter`. */
  readonly annotate: boolean;
  readonly secret: string;
}

/** A message's keys in the order in which they are signed, so that no sample has to sort them. */
const SIGNING_ORDER = [
  'counter_name',
  'counter_type',
  'counter_unit',
  'counter_volume',
  'message_id',
  'monotonic_time',
  'project_id',
  'project_name',
  'publisher_id',
  'resource_id',
  'resource_metadata',
  'source',
  'timestamp',
  'user_id',
  'user_name',
] as const satisfies readonly (keyof MeterMessage)[];
const SIGNING_ORDER_ANONYMOUS = SIGNING_ORDER.filter((key) => key !== 'publisher_id');

/** One signed message of a valid sample (see `faultOf`). */
export function meterMessage(sample: Sample, options: MessageOptions): MeterMessage {
  const message = unsigned(sample, options);
  if (options.publisherId !== null) message.publisher_id = options.publisherId;
  const order = options.publisherId === null ? SIGNING_ORDER_ANONYMOUS : SIGNING_ORDER;
  message.message_signature = sign(message, options.secret, order);
  return message as MeterMessage;
}

/** Grows in the order of the wire: `publisher_id` and `message_signature` are set last. */
type Draft = Omit<MeterMessage, 'publisher_id' | 'message_signature'> & {
  publisher_id?: string;
  message_signature?: string;
};

function unsigned(sample: Sample, options: MessageOptions): Draft {
  const { resource } = sample;
  return {
    source: options.source,
    counter_name: sample.name,
    counter_type: sample.type,
    counter_unit: sample.unit,
    counter_volume: sample.volume,
    user_id: resource.userId,
    user_name: resource.userName,
    project_id: resource.projectId,
    project_name: resource.projectName,
    resource_id: resource.id,
    timestamp: isoTime(sample.timestamp, options.timestamps),
    resource_metadata: options.annotate ? annotated(sample) : resource.metadata,
    message_id: sample.messageId,
    monotonic_time: null,
  };
}

/** The resource's metadata with what is known of this sample's window beside it. */
export const annotated = (sample: Sample): MeterMessage['resource_metadata'] => ({
  ...sample.resource.metadata,
  hypermeter: {
    window_start: isoTime(sample.windowStart),
    window_end: isoTime(sample.windowEnd),
    coverage: sample.coverage,
    quality: sample.quality,
    flags: sample.flags,
  },
});
