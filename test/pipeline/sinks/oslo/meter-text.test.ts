import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { type MessageOptions, meterMessage } from '../../../../pipeline/sinks/meter-message.ts';
import { createMeterText } from '../../../../pipeline/sinks/oslo/meter-text.ts';
import { nestedJson } from '../../../../pipeline/sinks/oslo/nested-json.ts';
import { aSample } from '../a-sample.ts';

const textWith = (options: MessageOptions) => {
  const { measure, put } = createMeterText(options);
  return (sample: Sample): string => {
    const bytes = Buffer.alloc(measure(sample) + 2, '|');
    expect(put(bytes, 1)).toBe(bytes.length - 1);
    expect([bytes.at(0), bytes.at(-1)].map((byte) => String.fromCharCode(byte ?? 0))).toEqual(['|', '|']);
    return bytes.toString('latin1', 1, bytes.length - 1);
  };
};

const text = fc.string({ unit: 'grapheme' });
const samples = fc
  .record({ name: text, unit: text, id: text, userName: fc.option(text), messageId: text, volume: fc.bigInt() })
  .map(({ name, unit, volume, messageId, id, userName }) =>
    aSample({ name, unit, volume, messageId, resource: { ...aSample().resource, id, userName } }),
  );

it.each([true, false])('is the JSON of the message, annotated: %s', (annotate) => {
  const common = { source: 'a "source"', publisherId: null, timestamps: 'naive', secret: 's' } as const;
  const options: MessageOptions = { ...common, annotate };
  const textOf = textWith(options);
  fc.assert(
    fc.property(samples, (sample) => {
      for (const volume of [sample.volume, 1.5])
        expect(textOf({ ...sample, volume })).toBe(nestedJson(meterMessage({ ...sample, volume }, options)));
    }),
  );
});

it('tells meters apart whose names and units run into each other', () => {
  const options: MessageOptions = { source: 's', publisherId: null, timestamps: 'naive', annotate: false, secret: 's' };
  const textOf = textWith(options);
  for (const [name, unit] of [
    ['a', 'bgauge'],
    ['agaugeb', ''],
    ['ab', 'gauge'],
  ] as const) {
    const sample = aSample({ name, unit, type: 'gauge' });
    expect(textOf(sample)).toBe(nestedJson(meterMessage(sample, options)));
  }
});

it('gives a resource the time of each sample', () => {
  const options: MessageOptions = { source: 's', publisherId: 'p', timestamps: 'naive', annotate: false, secret: 's' };
  const textOf = textWith(options);
  const { resource } = aSample();
  for (const timestamp of [60e6, 120e6, 120e6 + 1, 60e6]) {
    const sample = aSample({ resource, timestamp });
    expect(textOf(sample)).toBe(nestedJson(meterMessage(sample, options)));
  }
});
