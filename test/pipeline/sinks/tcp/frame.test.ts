import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MeterType } from '../../../../pipeline/model/sample.ts';
import { float64, isFloat64 } from '../../../../pipeline/sinks/float64.ts';
import { createMessageEncoder } from '../../../../pipeline/sinks/message-encoder.ts';
import { unpacked } from '../../../../pipeline/sinks/msgpack-reader.ts';
import { packed } from '../../../../pipeline/sinks/msgpack-writer.ts';
import { createFrameReader, framesOf } from '../../../../pipeline/sinks/tcp/frame.ts';
import { aSample } from '../a-sample.ts';
import { parseLossless } from '../lossless-json.ts';

interface Recorded {
  readonly length_prefix_hex: string;
  readonly body_hex: string;
  readonly decoded_json: string;
}
const recorded: readonly Recorded[] = JSON.parse(
  readFileSync(new URL('../vectors/tcp-frames.json', import.meta.url), 'utf8'),
).frames;

/** The frames whose values a sample of ours can say: no monotonic time, no whole float. */
const ours = recorded
  .map((frame) => ({ ...frame, message: parseLossless(frame.decoded_json) }))
  .filter(({ message }) => message.monotonic_time === null && !isFloat64(message.counter_volume));

describe('frame', () => {
  it.each(ours)('is to the byte what Ceilometer sent: $message.counter_name', ({ message, ...frame }) => {
    const timestamp = String(message.timestamp);
    const encode = createMessageEncoder({
      source: String(message.source),
      publisherId: String(message.publisher_id),
      timestamps: timestamp.endsWith('+00:00') ? 'zoned' : 'naive',
      annotate: false,
      secret: 's3cr3t',
    });
    const sample = aSample({
      name: String(message.counter_name),
      type: message.counter_type as MeterType,
      unit: String(message.counter_unit),
      volume: message.counter_volume as number | bigint,
      timestamp: Date.parse(`${timestamp.slice(0, 19)}Z`) * 1000 + Number(timestamp.slice(20, 26)),
      messageId: String(message.message_id),
      resource: {
        id: String(message.resource_id),
        userId: message.user_id as string | null,
        userName: message.user_name as string | null,
        projectId: message.project_id as string | null,
        projectName: message.project_name as string | null,
        metadata: message.resource_metadata as Record<string, unknown>,
      },
    });
    expect(framesOf([encode(sample)]).toString('hex')).toBe(frame.length_prefix_hex + frame.body_hex);
  });

  it('is told for every frame that was recorded, or a sample cannot say it', () => {
    expect(recorded.length).toBeGreaterThan(3);
    expect(ours.length).toBeGreaterThan(recorded.length / 2);
  });

  it.each(recorded)('is reproduced from what it says: $length_prefix_hex', ({ length_prefix_hex, body_hex }) => {
    const body = packed(unpacked(Buffer.from(body_hex, 'hex'), float64));
    expect(framesOf([body]).toString('hex')).toBe(length_prefix_hex + body_hex);
  });
});

describe('frame reader', () => {
  it('gives the messages back however the stream is cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (bodies, cuts) => {
        const stream = framesOf(bodies);
        const reader = createFrameReader(300);
        const came: string[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const piece = stream.subarray(at, at + (cuts[turn % cuts.length] ?? 1));
          came.push(...reader.take(piece).map((body) => body.toString('hex')));
          at += piece.length;
        }
        expect(came).toEqual(bodies.map((body) => Buffer.from(body).toString('hex')));
        expect(reader.pending()).toBe(0);
      }),
    );
  });

  it.each(['2d01000000000000', '0000000000000080', '474554202f204854'])('refuses the length %s', (hex) => {
    expect(() => createFrameReader(300).take(Buffer.from(hex, 'hex'))).toThrow('at most 300 are read');
  });

  it('says how much of a frame it holds', () => {
    const reader = createFrameReader(300);
    expect(reader.take(framesOf([Buffer.alloc(100)]).subarray(0, 50))).toEqual([]);
    expect(reader.pending()).toBe(50);
  });
});
