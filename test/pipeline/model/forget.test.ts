import { expect, test } from 'vitest';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { pollOf, received, rulesOf, take } from './polls.ts';

const DAY = 86_400;
const other = { uuid: Buffer.alloc(16, 9) };

test('what nobody has listed for 30 days is forgotten, what is listed stays', () => {
  const rules = rulesOf();
  const partition = createPartition(rules);
  const poll = (t: number, gone: boolean) =>
    take(partition, rules, pollOf(t, [received(t, 5n), ...(gone ? [] : [received(t, 7n, other)])], { interval: DAY }));
  poll(0, false);
  for (let day = 1; day <= 30; day++) poll(day * DAY, true);
  expect(partition.instances.size).toBe(2);
  for (let day = 31; day <= 32; day++) poll(day * DAY, true);
  expect([...partition.instances.keys()]).toEqual(['00000000000000000000000000000007']);
});

test('a source that is gone is forgotten with its list', () => {
  const rules = rulesOf();
  const partition = createPartition(rules);
  take(partition, rules, pollOf(0, [received(0, 5n, other)], { hypervisor: 'gone' }));
  for (let day = 1; day <= 33; day++) take(partition, rules, pollOf(day * DAY, [received(day * DAY, 5n)]));
  expect([...partition.progress.sources.keys()]).toEqual(['test/h']);
  expect([...partition.listed.keys()].map(({ id }) => id)).toEqual(['test/h']);
  expect(partition.instances.size).toBe(1);
});
