import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessageEncoder } from '../../../pipeline/sinks/message-encoder.ts';
import { type MessageOptions, meterMessage } from '../../../pipeline/sinks/meter-message.ts';
import { packed } from '../../../pipeline/sinks/msgpack-writer.ts';
import { aSample, withMetadata } from './a-sample.ts';
import { arbitrarySample } from './arbitrary-sample.ts';

const OPTIONS: MessageOptions = {
  source: 'openstack',
  publisherId: null,
  timestamps: 'naive',
  annotate: false,
  secret: 's3cr3t',
};
const variants: readonly Partial<MessageOptions>[] = [
  {},
  { publisherId: 'dév', timestamps: 'zoned', source: 'lab' },
  { annotate: true },
  { secret: '' },
  { secret: 'a secret that is longer than one block of SHA-256, which is then hashed first: ключ' },
];

describe('message encoder', () => {
  it.each(variants)('gives the bytes of the whole message with %j', (variant) => {
    const options = { ...OPTIONS, ...variant };
    const encode = createMessageEncoder(options);
    fc.assert(
      fc.property(fc.array(arbitrarySample, { minLength: 1, maxLength: 4 }), (samples) => {
        // Twice, and each next to another of its resource: what is remembered must not leak into others.
        const [first = aSample()] = samples;
        for (const sample of [...samples, { ...first, volume: 7, name: 'other' }, ...samples]) {
          expect(encode(sample).toString('hex')).toBe(packed(meterMessage(sample, options)).toString('hex'));
        }
      }),
    );
  });

  it('knows a meter by its type and unit too', () => {
    const encode = createMessageEncoder(OPTIONS);
    for (const changes of [{}, { unit: 's' }, { type: 'delta' as const }, {}]) {
      const sample = aSample(changes);
      expect(encode(sample)).toEqual(packed(meterMessage(sample, OPTIONS)));
    }
  });

  it('makes room for text of any length', () => {
    const encode = createMessageEncoder(OPTIONS);
    const sample = withMetadata({ text: '€'.repeat(50_000) });
    expect(encode(sample)).toEqual(packed(meterMessage(sample, OPTIONS)));
    expect(encode(aSample())).toEqual(packed(meterMessage(aSample(), OPTIONS)));
  });

  it('gives bytes that the next message leaves alone', () => {
    const encode = createMessageEncoder(OPTIONS);
    const first = encode(aSample());
    const copy = Buffer.from(first);
    encode(aSample({ volume: 1 }));
    expect(first).toEqual(copy);
  });
});
