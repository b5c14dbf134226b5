import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { isFloat64 } from '../../../pipeline/sinks/float64.ts';
import { decodeMessage, isMessageSignedBy } from '../../../pipeline/sinks/message-decoder.ts';
import type { MessageOptions } from '../../../pipeline/sinks/meter-message.ts';
import { packed } from '../../../pipeline/sinks/msgpack-writer.ts';
import { messageOf } from './a-message.ts';
import { aSample, withMetadata } from './a-sample.ts';
import { parseLossless } from './lossless-json.ts';

const options: MessageOptions = {
  source: 'openstack',
  publisherId: null,
  timestamps: 'naive',
  annotate: false,
  secret: 's3cr3t',
};

interface Recorded {
  readonly id: string;
  readonly hex: string;
  readonly decoded_json: string;
}
const recorded: readonly Recorded[] = JSON.parse(
  readFileSync(new URL('./vectors/udp-datagrams.json', import.meta.url), 'utf8'),
).datagrams;

/** The recorded ones that a sample of ours can say: no monotonic time, no whole float, a whole number of µs. */
const ours = recorded.filter(({ decoded_json }) => {
  const message = parseLossless(decoded_json);
  return message.monotonic_time === null && !isFloat64(message.counter_volume);
});

const sampleOf = (message: Record<string, unknown>): Sample =>
  ({
    ...aSample(),
    name: message.counter_name,
    type: message.counter_type,
    unit: message.counter_unit,
    volume: message.counter_volume,
    timestamp: Number(Date.parse(`${String(message.timestamp).slice(0, 19)}Z`)) * 1000 + micros(message.timestamp),
    messageId: message.message_id,
    resource: {
      id: message.resource_id,
      userId: message.user_id,
      userName: message.user_name,
      projectId: message.project_id,
      projectName: message.project_name,
      metadata: message.resource_metadata,
    },
  }) as Sample;
const micros = (timestamp: unknown): number => Number(String(timestamp).slice(20, 26));

describe('message on the wire', () => {
  it.each(ours)('is to the byte what Ceilometer sent: $id', ({ hex, decoded_json }) => {
    const message = parseLossless(decoded_json);
    const timestamps = String(message.timestamp).endsWith('+00:00') ? 'zoned' : 'naive';
    const like = { ...options, timestamps, source: String(message.source) } as const;
    expect(Buffer.from(messageOf(sampleOf(message), like)).toString('hex')).toBe(hex);
  });

  it('has more than half of the recorded ones to be equal to', () => {
    expect(ours.length).toBeGreaterThan(recorded.length / 2);
  });

  it.each(recorded)("accepts the signature of Ceilometer's own $id, and no other", ({ hex }) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(isMessageSignedBy(bytes, 's3cr3t')).toBe(true);
    expect(isMessageSignedBy(bytes, 'another')).toBe(false);
  });

  it.each([
    ['fifteen keys as Ceilometer', null, '8f'],
    ['sixteen with the publisher', 'dev', 'de0010'],
  ])('has %s', (_what, publisherId, head) => {
    const hex = Buffer.from(messageOf(aSample(), { ...options, publisherId })).toString('hex');
    expect(hex.slice(0, head.length)).toBe(head);
  });

  it.each([0, 1, -1, 0.1, 2 ** 53, 9007199254740993n, 2n ** 64n - 1n, -(2n ** 63n)])('carries %s exactly', (volume) => {
    const bytes = messageOf(aSample({ volume }), options);
    expect(decodeMessage(bytes).counter_volume).toBe(volume === 2 ** 53 ? 2n ** 53n : volume);
    expect(isMessageSignedBy(bytes, 's3cr3t')).toBe(true);
  });

  it('packs shared metadata once and lends it to no other', () => {
    const metadata = { a: [1, 'é'] };
    const [first, second] = [messageOf(withMetadata(metadata), options), messageOf(withMetadata(metadata), options)];
    expect(second).toEqual(first);
    expect(decodeMessage(messageOf(withMetadata({ a: 2 }), options)).resource_metadata).toEqual({ a: 2 });
    expect(decodeMessage(messageOf(withMetadata(metadata), { ...options, annotate: true }))).toMatchObject({
      resource_metadata: { a: [1, 'é'], hypermeter: { quality: 'measured' } },
    });
  });

  it.each([[[1]], ['x'], [null], [7]])('takes %j for no message', (value) => {
    expect(() => decodeMessage(packed(value))).toThrow('must be a map');
  });
});
