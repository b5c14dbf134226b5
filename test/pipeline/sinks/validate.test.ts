import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { leavingOut } from '../../../pipeline/sinks/dead-samples.ts';
import { faultOf, screen } from '../../../pipeline/sinks/validate.ts';
import { aContext } from './a-context.ts';
import { aSample, withMetadata } from './a-sample.ts';

const nested = (depth: number): Record<string, unknown> => (depth === 0 ? {} : { a: nested(depth - 1) });
const odd = (changes: object): Sample => ({ ...aSample(), ...changes });
const ofResource = (changes: object): Sample => aSample({ resource: { ...aSample().resource, ...changes } });

describe('what may leave', () => {
  it.each<[string, Sample]>([
    ['an ordinary sample', aSample()],
    ['the greatest integer', aSample({ volume: 2n ** 64n - 1n })],
    ['the least integer', aSample({ volume: -(2n ** 63n) })],
    ['the greatest whole double', aSample({ volume: 2 ** 64 - 2048 })],
    ['a fraction', aSample({ volume: 0.1 })],
    ['null ids', ofResource({ userId: null, projectId: null })],
    ['astral characters', aSample({ name: '😀' })],
    ['metadata of all kinds', withMetadata({ a: [1, 1.5, null, true, 'x', 2n ** 60n, { b: {} }] })],
    ['metadata without a prototype', withMetadata(Object.assign(Object.create(null), { a: 1 }))],
    ['metadata 30 levels deep', withMetadata(nested(30))],
  ])('passes %s', (_what, sample) => {
    expect(faultOf(sample)).toBeNull();
  });

  it.each<[string, Sample]>([
    ['type_unknown', odd({ type: 'Gauge' })],
    ['volume_not_finite', aSample({ volume: Number.NaN })],
    ['volume_not_finite', aSample({ volume: Number.POSITIVE_INFINITY })],
    ['volume_not_finite', odd({ volume: '1' })],
    ['volume_not_finite', odd({ volume: null })],
    ['volume_out_of_range', aSample({ volume: 2n ** 64n })],
    ['volume_out_of_range', aSample({ volume: -(2n ** 63n) - 1n })],
    ['volume_out_of_range', aSample({ volume: 2 ** 64 })],
    ['volume_out_of_range', aSample({ volume: 1e300 })],
    ['text_malformed', aSample({ name: 'a\ud800' })],
    ['text_malformed', odd({ unit: null })],
    ['text_malformed', ofResource({ id: 7 })],
    ['text_malformed', ofResource({ projectName: '\udc00' })],
    ['time_out_of_range', aSample({ timestamp: Number.NaN })],
    ['time_out_of_range', aSample({ windowEnd: -1 })],
    ['metadata_not_an_object', odd({ resource: { ...aSample().resource, metadata: null } })],
    ['metadata_not_an_object', odd({ resource: { ...aSample().resource, metadata: [] } })],
    ['metadata_value', withMetadata({ a: Number.NaN })],
    ['metadata_value', withMetadata({ a: [{ b: 2n ** 64n }] })],
    ['metadata_value', withMetadata({ a: 'x\udfff' })],
    ['metadata_value', withMetadata({ 'x\ud800': 1 })],
    ['metadata_value', withMetadata({ a: undefined })],
    ['metadata_value', withMetadata({ a: new Date(0) })],
    ['metadata_too_deep', withMetadata(nested(33))],
    ['metadata_too_large', withMetadata({ a: Array.from({ length: 10_001 }, () => 0) })],
    ['metadata_too_large', withMetadata({ a: 'x'.repeat(300_000) })],
  ])('refuses with %s', (fault, sample) => {
    expect(faultOf(sample)).toBe(fault);
  });

  it('reports and keeps what it holds back, by reason, and passes the rest in order', async () => {
    const { context, events, dead } = aContext();
    const good = [aSample({ name: 'a' }), aSample({ name: 'b' })];
    const [first, second] = good as [Sample, Sample];
    const batch = [odd({ type: 'x' }), first, aSample({ volume: Number.NaN }), second, odd({ type: 'y' })];
    expect(await screen(batch, leavingOut('udp', context))).toEqual(good);
    expect(events).toEqual([
      { event: 'sample.dropped', sink: 'udp', reason: 'type_unknown', count: 2 },
      { event: 'sample.dropped', sink: 'udp', reason: 'volume_not_finite', count: 1 },
    ]);
    expect(dead.map(({ reason, samples }) => [reason, samples.length])).toEqual([
      ['type_unknown', 2],
      ['volume_not_finite', 1],
    ]);
  });
});
