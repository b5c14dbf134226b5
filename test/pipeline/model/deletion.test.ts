import { describe, expect, test } from 'vitest';
import { EMPTY_IDENTITY, type Instance } from '../../../avro/snapshot.ts';
import { createPartition, type Outcome, type Partition } from '../../../pipeline/model/partition.ts';
import { residual } from '../../../pipeline/model/residual.ts';
import { restorePartition, takeChanges, takeMissing } from '../../../pipeline/model/saved.ts';
import { pollOf, received, rulesOf, SECOND, take } from './polls.ts';

const DAY = 86_400;
const rules = rulesOf();

/** Polls of one partition, one after the other; what each finished of the counter, as [end, delta, flags]. */
function player(partition: Partition = createPartition(rules)) {
  const windows: (readonly [number, number | bigint, number])[] = [];
  const drops: Outcome['tally']['drops'][] = [];
  const note = ({ closed, tally }: Outcome): void => {
    for (const { index, delta, flags } of closed.counters) windows.push([(index + 1) * 60, delta, flags]);
    drops.push(tally.drops);
    expect(residual(partition)).toBe(0n);
  };
  return {
    partition,
    windows,
    drops,
    /** The VM is read, with so many bytes received. */
    read: (t: number, bytes: number, over: Partial<Instance> = {}, hypervisor = 'h') =>
      note(
        take(
          partition,
          rules,
          pollOf(t, [received(t, BigInt(bytes), over)], { hypervisor, partial: 'a test', interval: 60 }),
        ),
      ),
    /** The hypervisor says that it was deleted. */
    lists: (t: number, over: Partial<Instance>, hypervisor = 'h') =>
      note(
        take(
          partition,
          rules,
          pollOf(t, [received(t, 0n, { rows: [], nics: [], ...over })], {
            hypervisor,
            partial: 'a test',
            interval: 60,
          }),
        ),
      ),
    /** Nova says something of it. */
    says: (t: number, over: Partial<Instance>, recordedAt = t) => {
      const said = received(t, 0n, { rows: [], nics: [], epoch: null, ...over });
      note(
        take(
          partition,
          rules,
          pollOf(t, [said], { kind: 'nova', hypervisor: 'n', partial: 'notifications', interval: 60 }),
          recordedAt,
        ),
      );
    },
    /** Time goes on. */
    passes: (t: number) => note(take(partition, rules, pollOf(t, [], { partial: 'a test', interval: 60 }))),
    instance: () => partition.instances.get('00000000000000000000000000000007'),
  };
}

const deleted = (t: number): Partial<Instance> => ({ state: 'SHUTOFF', deletedAt: t * SECOND });
const LOWER_BOUND = 64;

describe('a deleted instance', () => {
  test.each([
    ['by nova', (p: ReturnType<typeof player>) => p.says(85, deleted(84))],
    ['by its hypervisor', (p: ReturnType<typeof player>) => p.lists(85, deleted(84))],
  ])('closes its windows once the watermark has passed them: %s', (_, end) => {
    const p = player();
    p.read(0, 0);
    p.read(80, 80);
    expect(p.windows).toEqual([[60, 60, 2048]]);
    end(p);
    p.passes(119);
    expect(p.windows).toHaveLength(1);
    p.passes(120);
    expect(p.windows).toEqual([
      [60, 60, 2048],
      [120, 20, 2048 | LOWER_BOUND],
    ]);
    expect(p.partition.deleted.instances.size).toBe(0);
  });

  test('that is read again lives on and loses nothing', () => {
    const p = player();
    p.read(0, 0);
    p.read(80, 80);
    p.says(85, deleted(84));
    p.passes(120);
    p.read(130, 130);
    p.read(180, 180);
    expect(p.windows.reduce((sum, [, delta]) => sum + Number(delta), 0)).toBe(180);
    expect(p.instance()?.goneAt).toBe(Number.NEGATIVE_INFINITY);
    // It is said again, and known better.
    p.says(185, deleted(84));
    p.read(240, 240);
    expect(p.windows.at(-1)).toEqual([240, 60, 0]);
  });

  test('of which it is said late, when it was read since, is not deleted', () => {
    const p = player();
    for (const t of [0, 30, 90]) p.read(t, t);
    p.says(50, deleted(50), 92);
    expect(p.instance()?.goneAt).toBe(Number.NEGATIVE_INFINITY);
    p.says(95, {});
    p.says(60, deleted(50), 96);
    p.read(120, 120);
    expect(p.instance()).toMatchObject({ goneAt: Number.NEGATIVE_INFINITY, announced: { deletedAt: Number.NaN } });
    expect(p.windows.map(([, delta, flags]) => [delta, flags])).toEqual([
      [60, 2048],
      [60, 2048],
    ]);
  });

  test('by a hypervisor that it has moved from is not', () => {
    const p = player();
    p.read(0, 0);
    p.read(30, 30);
    p.read(40, 0, { epoch: 'e2' }, 'other');
    p.lists(45, deleted(44));
    p.read(50, 10, { epoch: 'e2' }, 'other');
    p.passes(50);
    expect(p.instance()).toMatchObject({ goneAt: Number.NEGATIVE_INFINITY, listedBy: { id: 'test/other' } });
  });

  test('that was read for the last time by the poll that tells it has these readings', () => {
    const p = player();
    p.read(0, 0);
    p.read(80, 80, deleted(80));
    p.passes(120);
    expect(p.windows.map(([end, delta]) => [end, delta])).toEqual([
      [60, 60],
      [120, 20],
    ]);
  });
});

describe('a day after its deletion', () => {
  function dayAfter() {
    const p = player();
    const identity = { ...EMPTY_IDENTITY, name: 'web' };
    p.read(0, 0, { identity });
    p.read(80, 80);
    takeChanges(p.partition, 2);
    p.says(85, deleted(84));
    p.passes(120);
    for (const day of [1, 2, 3]) p.passes(day * DAY);
    return p;
  }

  test('its series are forgotten, and what it was', () => {
    const p = dayAfter();
    expect(p.instance()).toMatchObject({ blocks: [], identity: null, forgottenAt: 85 * SECOND });
    const { changed, gone } = takeChanges(p.partition, 9);
    expect([...changed.keys()]).toEqual([p.instance()?.key]);
    expect(gone).toEqual([`${p.instance()?.key}/identity`]);
    for (const day of [32, 33]) p.passes(day * DAY);
    expect(p.instance()).toBeUndefined();
  });

  test('its readings are known when they come again', () => {
    const p = dayAfter();
    p.read(80, 80);
    expect(p.drops.at(-1)).toMatchObject({ late: 2 - 1 });
    expect(p.windows).toHaveLength(2);
  });

  test('the same epoch read once more begins with a baseline, one that started since from zero', () => {
    for (const [startedAt, expected] of [
      [10, 0],
      [3 * DAY + 30, 500],
    ] as const) {
      const p = dayAfter();
      const before = p.windows.length;
      p.read(3 * DAY + 60, 500, { startedAt: startedAt * SECOND, epoch: expected === 0 ? 'e1' : 'e2' });
      p.read(3 * DAY + 120, 500);
      const counted = p.windows.slice(before).reduce((sum, [, delta]) => sum + Number(delta), 0);
      expect(counted).toBe(expected);
    }
  });

  test('all of it is the same after a restart', () => {
    const p = dayAfter();
    const { partition: bytes, changed } = takeChanges(p.partition, 9);
    const { partition } = restorePartition(rules, { partition: bytes, instances: changed });
    takeMissing(partition);
    const again = player(partition);
    again.read(80, 80);
    expect(again.drops.at(-1)).toMatchObject({ late: 1 });
  });
});

describe('a deleted instance that is still listed', () => {
  const statuses = (partition: Partition, t: number) =>
    take(partition, rules, pollOf(t, [], { partial: 'a test', interval: 60 })).closed.statuses.map(
      ({ index }) => index,
    );

  test('has its statuses closed by grace, after a restart too', () => {
    const p = player();
    p.read(0, 0);
    p.read(80, 80);
    p.says(85, deleted(84));
    for (const t of [120, 180]) p.passes(t);
    p.lists(200, { state: 'SHUTOFF' });
    p.passes(250);
    const { partition: bytes, changed } = takeChanges(p.partition, 9);
    const { partition } = restorePartition(rules, { partition: bytes, instances: changed });
    takeMissing(partition);
    const times = [300, 360, 420, 480, 540];
    const whole = times.map((t) => statuses(p.partition, t));
    expect(whole.flat()).toEqual([3]);
    expect(times.map((t) => statuses(partition, t))).toEqual(whole);
  });
});
