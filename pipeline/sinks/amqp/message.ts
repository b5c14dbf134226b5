import { randomUUID } from 'node:crypto';
import type { Sample } from '../../model/sample.ts';
import { type MessageOptions, meterMessage } from '../meter-message.ts';
import { oncePer } from '../once-per.ts';
import { envelope, Json, type Notification, osloTime } from '../oslo/envelope.ts';
import { pythonJson } from '../python-json.ts';
import type { Format } from './config.ts';

/** How samples become messages. */
export interface MessageRules extends MessageOptions {
  readonly format: Format;
  /** `service.id`, which the metering format names its publisher by. */
  readonly service: string;
  readonly maxSamples: number;
  readonly maxBytes: number;
}

/** The samples of one message and, for each, its JSON. */
export interface Load {
  readonly samples: readonly Sample[];
  readonly texts: readonly string[];
}

export interface Packing {
  readonly loads: readonly Load[];
  /** Larger by themselves than a message may be. */
  readonly oversize: readonly Sample[];
}

/**
 * Puts valid samples (see `faultOf`) into as few messages as the limits allow, none with samples of two hosts: the
 * host is `instance_host` of the metadata; samples without one travel together.
 */
export function pack(batch: readonly Sample[], rules: MessageRules): Packing {
  const loads: Load[] = [];
  const oversize: Sample[] = [];
  const room = rules.maxBytes - emptyBytes(rules);
  for (const samples of byHost(batch)) {
    let load: { samples: Sample[]; texts: string[]; bytes: number } | null = null;
    for (const sample of samples) {
      const text = sampleJson(sample, rules);
      const bytes = bytesWithin(text);
      if (bytes > room) {
        oversize.push(sample);
        continue;
      }
      if (load === null || load.samples.length === rules.maxSamples || load.bytes + bytes > room) {
        load = { samples: [], texts: [], bytes: 0 };
        loads.push(load);
      }
      load.samples.push(sample);
      load.texts.push(text);
      load.bytes += bytes + SEPARATOR.length;
    }
  }
  return { loads, oversize };
}

/**
 * The body of one message, with ids of its own: the consumer never acknowledges a message whose `_unique_id` it has
 * seen, so each attempt to publish makes a new body. `nowUs` is the time in microseconds.
 */
export function bodyOf({ texts }: Pick<Load, 'texts'>, rules: MessageRules, nowUs: number): Buffer {
  const list = new Json(`[${texts.join(SEPARATOR)}]`);
  const notification: Notification = {
    message_id: randomUUID(),
    ...(rules.format === 'polling'
      ? { publisher_id: 'ceilometer.polling', event_type: 'telemetry.polling' }
      : { publisher_id: `telemetry.publisher.${rules.service}`, event_type: 'metering' }),
    priority: 'SAMPLE',
    payload: rules.format === 'polling' ? { samples: list } : list,
    timestamp: osloTime(nowUs),
    _unique_id: randomUUID().replaceAll('-', ''),
  };
  // All of it is ASCII: Python's JSON escapes the rest.
  return Buffer.from(envelope(notification), 'latin1');
}

const SEPARATOR = ', ';

const emptyBytes = (rules: MessageRules): number => bodyOf({ texts: [] }, rules, 0).length;

function byHost(batch: readonly Sample[]): Iterable<readonly Sample[]> {
  const hosts = new Map<unknown, Sample[]>();
  for (const sample of batch) {
    const host = sample.resource.metadata.instance_host;
    const samples = hosts.get(host);
    if (samples) samples.push(sample);
    else hosts.set(host, [sample]);
  }
  return hosts.values();
}

/** Samples of one instance share their metadata, the largest part of a message: written once an instance. */
const metadataJson = oncePer((metadata: object) => pythonJson(metadata));

function sampleJson(sample: Sample, rules: MessageRules): string {
  const message = meterMessage(sample, rules);
  const { metadata } = sample.resource;
  return pythonJson(message, (value) => (value === metadata ? metadataJson(value) : undefined));
}

const ESCAPED_AGAIN = /["\\]/g;

/** What JSON adds to JSON: a backslash for each quote and backslash; it is printable ASCII otherwise. */
function bytesWithin(text: string): number {
  let bytes = text.length;
  for (ESCAPED_AGAIN.lastIndex = 0; ESCAPED_AGAIN.test(text); ) bytes++;
  return bytes;
}
