import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../avro/snapshot.ts';
import { createOrder } from '../../../pipeline/audit/naive/order.ts';
import { createFence, passFence } from '../../../pipeline/model/fence.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { restorePartition, takeChanges } from '../../../pipeline/model/saved.ts';
import { pollOf, received, rulesOf, SECOND, take } from './polls.ts';

/** Record time, poll's start, generation; whether it counts. Interval 10. */
const CASES: readonly [string, readonly (readonly [number, number, number, boolean])[]][] = [
  [
    'one collector',
    [
      [1, 0, 5, true],
      [11, 10, 5, true],
    ],
  ],
  [
    'a new one, and what the former still sends',
    [
      [1, 0, 5, true],
      [11, 10, 6, true],
      [12, 11, 5, false],
      [21, 20, 6, true],
    ],
  ],
  [
    'what the former polled before that and sends late',
    [
      [1, 0, 5, true],
      [21, 20, 6, true],
      [22, 10, 5, true],
    ],
  ],
  [
    'the first poll of the new one, coming after its second',
    [
      [1, 0, 5, true],
      [21, 20, 6, true],
      [22, 12, 6, true],
      [23, 13, 5, false],
    ],
  ],
  [
    'a new one that falls silent: the former has it again',
    [
      [1, 0, 5, true],
      [11, 10, 6, true],
      [31, 30, 5, false],
      [42, 40, 5, true],
      [51, 50, 5, true],
    ],
  ],
  [
    'and is fenced when a newer one comes',
    [
      [1, 0, 5, true],
      [11, 10, 6, true],
      [42, 40, 5, true],
      [43, 42, 7, true],
      [51, 50, 5, false],
    ],
  ],
];

describe('a fence', () => {
  test.each(CASES)('%s', (_, attempts) => {
    const fence = createFence();
    const outcomes = attempts.map(([now, polledAt, generation]) =>
      passFence(fence, { generation, polledAt: polledAt * SECOND, interval: 10 * SECOND, now: now * SECOND }),
    );
    expect(outcomes).toEqual(attempts.map(([, , , counts]) => counts));
  });

  test.each(CASES)('the audit that is written anew says so too: %s', (_, attempts) => {
    const order = createOrder({ reorder: 0, maxSkew: 60 * SECOND });
    const turns = attempts.flatMap(([now, t, generation]) => order.take([slice(t, generation)], now * SECOND));
    const counted = [...turns, ...order.rest()].map(({ snapshot }) => snapshot.poll.startedAt / SECOND);
    const expected = attempts.flatMap(([, t, , counts]) => (counts ? [t] : []));
    expect([...counted].sort((a, b) => a - b)).toEqual([...expected].sort((a, b) => a - b));
  });

  test('what it keeps out is counted, and it is kept with the state', () => {
    const rules = rulesOf({ sizes: [60 * SECOND] });
    const partition = createPartition(rules);
    take(partition, rules, slice(0, 5));
    take(partition, rules, slice(10, 6));
    expect(take(partition, rules, slice(20, 5)).tally.drops.fenced).toBe(1);
    const { partition: bytes, changed } = takeChanges(partition, 3);
    const restored = restorePartition(rules, { partition: bytes, instances: changed }).partition;
    expect(take(restored, rules, slice(21, 5)).tally.drops.fenced).toBe(1);
    expect(take(restored, rules, slice(22, 6)).tally.drops.fenced).toBe(0);
  });
});

function slice(t: number, generation: number): Snapshot {
  const snapshot = pollOf(t, [received(t, BigInt(t))]);
  return { ...snapshot, source: { ...snapshot.source, generation } };
}
