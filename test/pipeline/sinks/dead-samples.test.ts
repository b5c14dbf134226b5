import { expect, it } from 'vitest';
import { deadSampleJson, leavingOut } from '../../../pipeline/sinks/dead-samples.ts';
import { aContext } from './a-context.ts';
import { aSample, withMetadata } from './a-sample.ts';

it('counts and keeps what is left out, and nothing where nothing is', async () => {
  const { context, events, dead } = aContext();
  const samples = [aSample()];
  const leaveOut = leavingOut('x', context);
  await leaveOut('oversize', samples);
  await leaveOut('oversize', []);
  expect(dead).toEqual([{ sink: 'x', reason: 'oversize', samples }]);
  expect(events).toEqual([{ event: 'sample.dropped', sink: 'x', reason: 'oversize', count: 1 }]);
});

it('counts and keeps a sample once, however often it is left out', async () => {
  const { context, events, dead } = aContext();
  const [first, second] = [aSample(), aSample()];
  const leaveOut = leavingOut('x', context);
  await leaveOut('oversize', [first]);
  await leaveOut('oversize', [first, second]);
  expect(dead.map(({ samples }) => samples)).toEqual([[first], [second]]);
  expect(events).toMatchObject([{ count: 1 }, { count: 1 }]);
});

it('counts nothing that could not be kept, and has it offered again', async () => {
  let isAway = true;
  const keep = async () => {
    if (isAway) throw new Error('cannot reach Kafka at k:9092');
  };
  const { context, events } = aContext({ keep });
  const leaveOut = leavingOut('x', context);
  const samples = [aSample()];
  await expect(leaveOut('oversize', samples)).rejects.toMatchObject({
    name: 'SinkError',
    code: 'unavailable',
    message: 'x: samples that cannot be delivered wait to be kept as dead letters: cannot reach Kafka at k:9092',
  });
  expect(events).toEqual([]);
  isAway = false;
  await leaveOut('oversize', samples);
  expect(events).toMatchObject([{ event: 'sample.dropped', count: 1 }]);
});

it.each([
  [2n ** 64n, 2 ** 64],
  [Number.NaN, 'NaN'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
])('says a volume of %s', (volume, said) => {
  expect(JSON.parse(deadSampleJson(aSample({ volume }))).volume).toBe(said);
});

it.each([
  [
    'what JSON cannot say',
    (() => {
      const ring: Record<string, unknown> = {};
      ring.self = ring;
      return ring;
    })(),
  ],
  ['what would fill a message', { text: 'x'.repeat(300_000) }],
])('leaves out metadata with %s, and says the rest', (_what, metadata) => {
  const { name, resource } = JSON.parse(deadSampleJson(withMetadata(metadata)));
  expect([name, resource.id, resource.metadata]).toEqual(['cpu', aSample().resource.id, null]);
});
