import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { envelopeAround, type Heading, osloTime, uniqueIdIn } from '../../../../pipeline/sinks/oslo/envelope.ts';
import { addressOf, FORMATS, type OsloFormat } from '../../../../pipeline/sinks/oslo/formats.ts';
import { nestedJson } from '../../../../pipeline/sinks/oslo/nested-json.ts';
import { isSignedBy } from '../../../../pipeline/sinks/signature.ts';
import { parseLossless } from '../lossless-json.ts';

const vectors = new URL('../vectors/', import.meta.url);
const files = readdirSync(vectors).filter((name) => name.startsWith('amqp-path-'));

type Notification = Heading & { readonly payload: unknown };

interface Recorded {
  readonly secret: string;
  readonly messages: readonly { readonly body_base64: string }[];
}

/** What Ceilometer 26.0.0 sent, captured between it and a RabbitMQ. */
const bodies = files.flatMap((file) => {
  const { secret, messages }: Recorded = JSON.parse(readFileSync(new URL(file, vectors), 'utf8'));
  return messages.map(({ body_base64 }, index) => {
    const body = Buffer.from(body_base64, 'base64').toString('utf8');
    const notification = parseLossless(String(parseLossless(body)['oslo.message']));
    return { file, index, secret, body, notification: notification as unknown as Notification };
  });
});

interface Signed {
  readonly message_signature: string;
}

const samplesOf = ({ payload }: Notification): readonly (Signed & Record<string, unknown>)[] =>
  (payload as { samples?: never }).samples ?? (payload as never);

describe('the envelope', () => {
  it.each(bodies)('of $file, message $index, is Ceilometer’s to the byte', ({ file, body, notification }) => {
    const format = FORMATS[(file.startsWith('amqp-path-a') ? 'polling' : 'metering') as OsloFormat];
    const samples = samplesOf(notification).map(nestedJson).join(', ');
    const { payload: _, ...heading } = notification;
    const [start, end] = envelopeAround(heading);
    const [open, close] = format.payload;
    expect(start + open + samples + close + end).toBe(body);
    expect(uniqueIdIn(Buffer.from(body))).toBe(notification._unique_id);
    expect(notification).toMatchObject({ priority: format.priority });
    expect(notification.event_type.startsWith(format.eventType)).toBe(true);
    expect(notification.publisher_id).toBe(format.publisherId('compute-host-1'));
  });

  it.each(bodies)('of $file, message $index, holds samples whose signatures are ours', ({ secret, notification }) => {
    for (const sample of samplesOf(notification)) expect(isSignedBy(sample, secret)).toBe(true);
  });

  it('has a context and no unique id where Kafka carries it', () => {
    const [first] = bodies;
    if (!first) throw new Error('there are no vectors');
    const { payload: _, _unique_id, ...heading } = first.notification;
    const body = envelopeAround({ ...heading, _context: {} }).join('[]');
    const { payload, ...rest } = JSON.parse(JSON.parse(body)['oslo.message']);
    expect([payload, rest]).toEqual([[], { ...heading, _context: {} }]);
    expect(uniqueIdIn(Buffer.from(body))).toBeUndefined();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1])('refuses %s', (value) => {
    expect(() => nestedJson({ value })).toThrow(TypeError);
    expect(() => envelopeAround({ timestamp: value } as never)).toThrow(TypeError);
  });
});

it('writes times as oslo.messaging does', () => {
  expect(osloTime(Date.UTC(2026, 10, 22, 14, 34, 1) * 1000 + 933_254)).toBe('2026-11-22 14:34:01.933254');
  expect(osloTime(Date.UTC(2026, 10, 22) * 1000)).toBe('2026-11-22 00:00:00.000000');
});

it.each([
  ['polling', 'notifications.sample'],
  ['metering', 'metering.sample'],
] as const)('sends %s to %s', (format, address) => {
  expect(addressOf(FORMATS[format], FORMATS[format].topic)).toBe(address);
});
