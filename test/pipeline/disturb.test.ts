import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawsOf } from '../../connectors/simulator/random.ts';
import { disturb } from './disturb.ts';

const messages = Array.from({ length: 1000 }, (_, index) => index);

test('loses nothing, invents nothing and moves a message by a few places at most', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.integer(), share, share, (seed, duplicate, reorder) => {
      const sent = disturb(messages, drawsOf(seed), { duplicate, reorder });
      expect([...new Set(sent)].sort((a, b) => a - b)).toEqual(messages);
      const ordered = [...sent].sort((a, b) => a - b);
      sent.forEach((message, index) => {
        expect(Math.abs(index - ordered.indexOf(message))).toBeLessThanOrEqual(5);
      });
    }),
    { numRuns: 20 },
  );
});

test('without shares nothing changes', () => {
  expect(disturb(messages, drawsOf(1), { duplicate: 0, reorder: 0 })).toEqual(messages);
});

test('duplicates and reorders as asked', () => {
  expect(disturb(messages, drawsOf(1), { duplicate: 1, reorder: 0 })).toHaveLength(2000);
  const sent = disturb(messages, drawsOf(1), { duplicate: 0, reorder: 0.2 });
  const late = sent.filter((message, index) => index > 0 && message < (sent[index - 1] as number)).length;
  expect(late).toBeGreaterThan(100);
});
