import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MessageOptions, meterMessage } from '../../../pipeline/sinks/meter-message.ts';
import { isSignedBy, sign } from '../../../pipeline/sinks/signature.ts';
import { aSample, withMetadata } from './a-sample.ts';

const options: MessageOptions = {
  source: 'openstack',
  publisherId: null,
  timestamps: 'naive',
  annotate: false,
  secret: 's3cr3t',
};

describe('meter message', () => {
  it('has the fifteen keys of Ceilometer in its order', () => {
    const message = meterMessage(aSample(), options);
    expect(Object.entries(message)).toEqual([
      ['source', 'openstack'],
      ['counter_name', 'cpu'],
      ['counter_type', 'cumulative'],
      ['counter_unit', 'ns'],
      ['counter_volume', 301230000000n],
      ['user_id', 'u1'],
      ['user_name', null],
      ['project_id', 'p1'],
      ['project_name', null],
      ['resource_id', '178b0921-8f85-4257-88b6-2e743b5a975c'],
      ['timestamp', '2026-11-22T14:00:00'],
      ['resource_metadata', aSample().resource.metadata],
      ['message_id', '5a1c9d3e-c7a1-51f0-9c3e-0242ac120002'],
      ['monotonic_time', null],
      ['message_signature', sign({ ...message, message_signature: undefined }, 's3cr3t')],
    ]);
  });

  it('puts the publisher before the signature and signs it', () => {
    const message = meterMessage(aSample(), { ...options, publisherId: 'dev' });
    expect(Object.keys(message).slice(-3)).toEqual(['monotonic_time', 'publisher_id', 'message_signature']);
    expect(isSignedBy({ ...message }, 's3cr3t')).toBe(true);
    expect(isSignedBy({ ...message, publisher_id: 'other' }, 's3cr3t')).toBe(false);
  });

  it.each([
    ['naive', 0, '2026-11-22T14:00:00'],
    ['naive', 120, '2026-11-22T14:00:00.000120'],
    ['zoned', 0, '2026-11-22T14:00:00+00:00'],
    ['zoned', 999_999, '2026-11-22T14:00:00.999999+00:00'],
  ] as const)('writes the time %s with %i µs', (timestamps, micros, text) => {
    const sample = aSample({ timestamp: aSample().timestamp + micros });
    expect(meterMessage(sample, { ...options, timestamps }).timestamp).toBe(text);
  });

  it('annotates in the metadata, and only if asked', () => {
    const sample = aSample({ coverage: 0.5, quality: 'estimated', flags: ['reset'] });
    expect(meterMessage(sample, options).resource_metadata).toEqual(sample.resource.metadata);
    const annotated = meterMessage(sample, { ...options, annotate: true });
    expect(annotated.resource_metadata).toEqual({
      ...sample.resource.metadata,
      hypermeter: {
        window_start: '2026-11-22T13:59:00+00:00',
        window_end: '2026-11-22T14:00:00+00:00',
        coverage: 0.5,
        quality: 'estimated',
        flags: ['reset'],
      },
    });
    expect(isSignedBy({ ...annotated }, 's3cr3t')).toBe(true);
  });

  it('signs in its fixed order as any verifier that sorts would', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.option(fc.string()), fc.boolean(), (value, publisherId, annotate) => {
        const message = meterMessage(withMetadata({ value }), { ...options, publisherId, annotate });
        expect(isSignedBy({ ...message }, 's3cr3t')).toBe(true);
      }),
    );
  });
});
