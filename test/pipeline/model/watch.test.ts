import { expect, test } from 'vitest';
import { EMPTY_IDENTITY, type Instance, type State } from '../../../avro/snapshot.ts';
import { createPartition, type Partition } from '../../../pipeline/model/partition.ts';
import { restorePartition, takeChanges, takeMissing } from '../../../pipeline/model/saved.ts';
import { pollOf, received, rulesOf, take } from './polls.ts';

const rules = rulesOf();
const uuid = (n: number) => Buffer.alloc(16, n);
const said = (n: number, state: State = 'RUNNING'): Instance =>
  received(0, 0n, { uuid: uuid(n), state, rows: [], nics: [], identity: { ...EMPTY_IDENTITY, projectId: `p${n}` } });

function announce(partition: Partition, t: number, instances: readonly Instance[]) {
  const poll = pollOf(t, instances, { kind: 'nova', hypervisor: 'n', partial: 'notifications' });
  return take(partition, rules, poll).tally.instances;
}
const pass = (partition: Partition, t: number, instances: readonly Instance[] = []) =>
  take(partition, rules, pollOf(t, instances)).tally.instances;

test('an instance said to run is told after three intervals without a listing, and not when it is listed or off', () => {
  const partition = createPartition(rules);
  pass(partition, 0);
  announce(partition, 5, [said(1), said(2), said(3, 'SHUTOFF')]);
  expect(pass(partition, 10, [received(10, 1n, { uuid: uuid(2) })])).toEqual([]);
  expect(pass(partition, 30)).toEqual([]);
  const news = [{ what: 'unmetered', key: '01'.repeat(16), host: null, project: 'p1' }];
  expect(pass(partition, 40)).toEqual(news);
  expect(pass(partition, 3639)).toEqual([]);
  expect(pass(partition, 3650)).toEqual(news);
});

test('when it was told is not forgotten with the process', () => {
  const before = createPartition(rules);
  pass(before, 0);
  announce(before, 5, [said(1)]);
  expect(pass(before, 40)).toHaveLength(1);
  const { partition: bytes, changed } = takeChanges(before, 3);
  const { partition } = restorePartition(rules, { partition: bytes, instances: changed });
  takeMissing(partition);
  expect(pass(partition, 100)).toEqual([]);
  expect(pass(partition, 3700)).toHaveLength(1);
});

test('only some are told at once, each in its turn', () => {
  const partition = createPartition(rules);
  pass(partition, 0);
  announce(
    partition,
    5,
    Array.from({ length: 50 }, (_, n) => said(n)),
  );
  const told = [40, 50, 60, 70].map((t) => pass(partition, t));
  expect(told.map(({ length }) => length)).toEqual([20, 20, 10, 0]);
  expect(new Set(told.flat().map(({ key }) => key)).size).toBe(50);
});

test('what only nova knows is kept for as long as it speaks of it', () => {
  const DAY = 86_400;
  const partition = createPartition(rules);
  for (let day = 0; day <= 40; day++) {
    pass(partition, day * DAY);
    if (day % 10 === 0 && day <= 20) announce(partition, day * DAY + 1, [said(1)]);
    if (day === 39) expect(partition.instances.size).toBe(1);
  }
  for (let day = 50; day <= 52; day++) pass(partition, day * DAY);
  expect(partition.instances.size).toBe(0);
  expect(partition.watched.instances.size).toBe(0);
});

test('a volume’s use that comes after the deletion makes nobody look for the instance', () => {
  const partition = createPartition(rules);
  pass(partition, 0);
  announce(partition, 5, [said(1)]);
  announce(partition, 6, [{ ...said(1), deletedAt: pollOf(6, []).poll.startedAt }]);
  announce(partition, 7, [{ ...said(1, 'NOSTATE'), identity: null }]);
  expect(pass(partition, 10)).toEqual([]);
  expect(pass(partition, 60)).toEqual([]);
  announce(partition, 61, [{ ...said(1, 'NOSTATE'), identity: EMPTY_IDENTITY }]);
  expect(pass(partition, 120)).toHaveLength(1);
});
