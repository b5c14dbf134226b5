import { randomUUID } from 'node:crypto';
import type { Sample } from '../../model/sample.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type MessageOptions, meterMessage } from '../meter-message.ts';
import { oncePer } from '../once-per.ts';
import { type KnownJson, pythonJson } from '../python-json.ts';
import { envelope, Json, type Notification, osloTime } from './envelope.ts';

/**
 * The two notifications that carry samples, and who reads them:
 *
 *   polling   event telemetry.polling, payload {"samples": [meter message, …]}: what Ceilometer's polling agent sends
 *             and its notification agent consumes (topic `notifications`)
 *   metering  event metering, payload [meter message, …]: what Ceilometer's `notifier://` publisher sends, for
 *             collectors up to release 9 and others (topic `metering`)
 *
 * Source: ceilometer/polling/manager.py, telemetry/notifications.py, publisher/messaging.py.
 */
export const FORMATS = ['polling', 'metering'] as const;
export type Format = (typeof FORMATS)[number];

export const TOPICS: Readonly<Record<Format, string>> = { polling: 'notifications', metering: 'metering' };
/** Topic and priority together name the queue, the routing key and the topic of Kafka. */
export const destinationOf = (topic: string): string => `${topic}.sample`;

export interface NotificationOptions extends MessageOptions {
  readonly format: Format;
  /** Most samples of one notification. */
  readonly samples: number;
  /** Most bytes of one notification, where it holds more than one sample. */
  readonly bytes: number;
}

/** Samples that share a notification: all of one host, and their meter messages as a JSON array. */
export interface Packing {
  /** The hypervisor that they were metered on; empty where that is not known. */
  readonly host: string;
  readonly samples: readonly Sample[];
  readonly messages: Json;
}

/** Escaping a notification within the envelope makes it so much longer. */
const ESCAPED = 1.25;

/** Packs samples into as few notifications as the options allow, hosts apart, the samples of each host in their order. */
export function packed(samples: readonly Sample[], options: NotificationOptions): readonly Packing[] {
  const packings: Packing[] = [];
  for (const [host, group] of byHost(samples)) {
    let texts: string[] = [];
    let length = 0;
    let start = 0;
    const end = (before: number): void => {
      if (before > start) packings.push({ host, samples: group.slice(start, before), messages: listOf(texts) });
      [texts, length, start] = [[], 0, before];
    };
    for (const [index, sample] of group.entries()) {
      const text = pythonJson(meterMessage(sample, options), knownMetadata);
      if (texts.length >= options.samples || (length + text.length) * ESCAPED > options.bytes) end(index);
      texts.push(text);
      length += text.length;
    }
    end(group.length);
  }
  return packings;
}

const listOf = (texts: readonly string[]): Json => new Json(`[${texts.join(', ')}]`);

function byHost(samples: readonly Sample[]): ReadonlyMap<string, readonly Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { instance_host: host } = sample.resource.metadata;
    const key = typeof host === 'string' ? host : '';
    const group = groups.get(key);
    if (group) group.push(sample);
    else groups.set(key, [sample]);
  }
  return groups;
}

/** Samples of one instance share their metadata, the largest part of a message: written once an instance. */
const metadataText = oncePer((metadata: object) => pythonJson(metadata));
/** A meter message holds one object, its metadata. */
const knownMetadata: KnownJson = (value) => ('message_signature' in value ? undefined : metadataText(value));

/**
 * The body of one attempt to publish: its own ids are new every time, as a consumer never acknowledges a `_unique_id` that
 * it has seen; those of the samples stay. `context`: with the empty one that Kafka's driver demands.
 */
export function bodyOf(
  { messages }: Packing,
  { format, publisherId }: Pick<NotificationOptions, 'format' | 'publisherId'>,
  clock: Clock,
  context = false,
): Buffer {
  const notification: Notification = {
    ...(context ? { _context: {} } : {}),
    message_id: randomUUID(),
    publisher_id: format === 'polling' ? 'ceilometer.polling' : `telemetry.publisher.${publisherId ?? 'hypermeter'}`,
    event_type: format === 'polling' ? 'telemetry.polling' : 'metering',
    priority: 'SAMPLE',
    payload: format === 'polling' ? { samples: messages } : messages,
    timestamp: osloTime(clock.now()),
    _unique_id: randomUUID().replaceAll('-', ''),
  };
  return Buffer.from(envelope(notification), 'latin1');
}
