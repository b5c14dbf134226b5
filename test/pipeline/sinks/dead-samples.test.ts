import { expect, it } from 'vitest';
import { deadSampleJson, leaveOut } from '../../../pipeline/sinks/dead-samples.ts';
import { aContext } from './a-context.ts';
import { aSample, withMetadata } from './a-sample.ts';

it('counts and keeps what is left out, and nothing where nothing is', async () => {
  const { context, events, dead } = aContext();
  const letter = { sink: 'x', reason: 'oversize' as const, samples: [aSample()] };
  await leaveOut(context, letter);
  await leaveOut(context, { ...letter, samples: [] });
  expect(dead).toEqual([letter]);
  expect(events).toEqual([{ event: 'sample.dropped', sink: 'x', reason: 'oversize', count: 1 }]);
});

it('counts nothing that could not be kept, which is tried again', async () => {
  const { context, events } = aContext({ keep: () => Promise.reject(new Error('not authorized')) });
  const lost = leaveOut(context, { sink: 'x', reason: 'oversize', samples: [aSample()] });
  await expect(lost).rejects.toMatchObject({ name: 'SinkError', code: 'unavailable' });
  await expect(lost).rejects.toThrow(
    'x: what it cannot have (oversize) cannot be kept as dead letters: not authorized',
  );
  expect(events).toEqual([]);
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
