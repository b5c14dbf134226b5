import { describe, expect, it } from 'vitest';
import { choosing } from '../../../pipeline/sinks/choose.ts';
import { aSample } from './a-sample.ts';

const MINUTE = 60e6;
const { windowEnd } = aSample();
const samples = [
  aSample({ name: 'cpu' }),
  aSample({ name: 'cpu_util' }),
  aSample({ name: 'network.incoming.bytes' }),
  aSample({ name: 'network.incoming.bytes', windowStart: windowEnd - 60 * MINUTE }),
];
const namesOf = (subscription: Parameters<typeof choosing>[0]) =>
  choosing(subscription)(samples).map(({ name, windowStart }) => `${name} ${(windowEnd - windowStart) / MINUTE}`);

describe('a subscription', () => {
  it('to everything costs no copy', () => {
    expect(choosing({ meters: undefined, windows: undefined })(samples)).toBe(samples);
  });

  it('chooses meters by Ceilometer’s grammar', () => {
    expect(namesOf({ meters: ['cpu*'], windows: undefined })).toEqual(['cpu 1', 'cpu_util 1']);
    expect(namesOf({ meters: ['!network.*', '!cpu_util'], windows: undefined })).toEqual(['cpu 1']);
  });

  it('chooses windows by their size', () => {
    expect(namesOf({ meters: undefined, windows: [60 * MINUTE] })).toEqual(['network.incoming.bytes 60']);
    expect(namesOf({ meters: ['cpu'], windows: [60 * MINUTE] })).toEqual([]);
  });

  it('has windows of a size that is not configured any more, by the one in its stead', () => {
    const old = aSample({ name: 'cpu', standIn: 5 * MINUTE });
    const sizesFor = (windows: readonly number[] | undefined) =>
      choosing({ meters: undefined, windows: windows && [...windows] })([old]);
    expect(sizesFor([5 * MINUTE])).toEqual([old]);
    expect(sizesFor([MINUTE])).toEqual([]);
    expect(sizesFor(undefined)).toEqual([old]);
  });
});
