import { expect, test } from 'vitest';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { pollOf, received, rulesOf, take } from './polls.ts';

test('a regression that rises by more than 2^53 is the next in its row (R7)', () => {
  const rules = rulesOf();
  const partition = createPartition(rules);
  const high = 2n ** 64n - 10n;
  const values = [high, 5n, high - 1000n, high - 1000n, high - 900n];
  const events = values.map(
    (value, n) => take(partition, rules, pollOf(10 * n, [received(10 * n, value)])).tally.events,
  );
  expect(events.map(({ regression }) => regression)).toEqual([0, 1, 1, 0, 0]);
  expect(events.map(({ reset_inferred }) => reset_inferred)).toEqual([0, 0, 0, 1, 0]);
});
