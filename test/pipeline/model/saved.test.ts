import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_IDENTITY } from '../../../avro/snapshot.ts';
import { createPartition, type Partition } from '../../../pipeline/model/partition.ts';
import { restorePartition, type Saved, takeChanges, takeMissing, vouches } from '../../../pipeline/model/saved.ts';
import { SavedStateError } from '../../../pipeline/model/saved-error.ts';
import { pollOf, received, rulesOf, SECOND, take, vm } from './polls.ts';

const rules = rulesOf({ sizes: [60 * SECOND, 90 * SECOND] }, { reorder: 30 * SECOND });

/** A counter that grows by one a second, read every ten seconds until 200 s. */
function metered(): Partition {
  const partition = createPartition(rules);
  for (let t = 0; t <= 200; t += 10) {
    const identity = { ...EMPTY_IDENTITY, name: 'web' };
    take(partition, rules, pollOf(t, [received(t, BigInt(t), t === 0 ? { identity } : {})]));
  }
  return partition;
}

function saved(partition: Partition): Saved {
  const { partition: bytes, changed } = takeChanges(partition, 21);
  return { partition: bytes, instances: changed };
}

describe('changes', () => {
  test('hold an instance once it is counted, and its identity only when that is new', () => {
    const partition = metered();
    const [key] = [...partition.instances.keys()] as [string];
    expect([...takeChanges(partition, 21).changed.keys()]).toEqual([key, `${key}/identity`]);
    expect(takeChanges(partition, 21).changed.size).toBe(0);
    take(partition, rules, pollOf(210, [received(210, 210n)]));
    expect([...takeChanges(partition, 22).changed.keys()]).toEqual([key]);
  });

  test('name what is forgotten', () => {
    const partition = metered();
    takeChanges(partition, 21);
    const [key] = [...partition.instances.keys()] as [string];
    for (const day of [1, 32]) take(partition, rules, pollOf(day * 86_400, []));
    expect(takeChanges(partition, 23).gone).toEqual([key, `${key}/identity`]);
    expect(takeChanges(partition, 23).gone).toEqual([]);
  });
});

describe('a saved state', () => {
  test('of a newer program is refused by name', () => {
    const state = saved(metered());
    const partition = Buffer.from(state.partition);
    partition[2] = 9;
    const newer = () => restorePartition(rules, { ...state, partition });
    expect(newer).toThrow('version 9; this one reads up to 4');
    const [[key, bytes]] = [...state.instances] as [[string, Buffer]];
    const instance = Buffer.from(bytes);
    instance[0] = 7;
    const instances = new Map([...state.instances, [key, instance]]);
    expect(() => restorePartition(rules, { ...state, instances })).toThrow(`instance ${key} was written by a newer`);
  });

  test('of an older version is read: 1 knew no power state, and not since when its cumulatives count', () => {
    const state = saved(metered());
    const [[key, bytes]] = [...state.instances] as [[string, Buffer]];
    // Version 1, of the same readings.
    const older = readFileSync(new URL('fixtures/instance-v1.bin', import.meta.url));
    const restored = (instance: Buffer) => {
      const instances = new Map([...state.instances, [key, instance]]);
      return restorePartition(rules, { ...state, instances }).partition.instances.get(key);
    };
    // Version 2, of the same: who listed it was not known.
    const second = readFileSync(new URL('fixtures/instance-v2.bin', import.meta.url));
    const { listedBy, identifiedAt, ...rest } = restored(bytes) ?? {};
    expect({ listedBy, identifiedAt }).toMatchObject({ listedBy: { id: 'test/h' }, identifiedAt: 0 });
    expect(restored(second)).toMatchObject({ ...rest, listedBy: null, identifiedAt: Number.NEGATIVE_INFINITY });
    const nicOf = (instance: Buffer) => restored(instance)?.blocks[1];
    const nic = nicOf(bytes);
    expect(restored(bytes)).toMatchObject({ state: 1 });
    expect(restored(bytes)?.told).toHaveLength(2);
    expect(restored(older)).toMatchObject({ state: -1, told: [] });
    expect(nic).toMatchObject({ deviceId: 'n', since: 0 });
    expect(nicOf(older)).toEqual({ ...nic, since: Number.NEGATIVE_INFINITY });
  });

  test('of version 3 is read: it did not say which of the deleted are closed already, and all are looked at', () => {
    const older = readFileSync(new URL('fixtures/partition-v3.bin', import.meta.url));
    const partition = metered();
    take(
      partition,
      rules,
      pollOf(205, [received(205, 0n, { rows: [], deletedAt: 204 * SECOND })], { partial: 'some' }),
    );
    take(partition, rules, pollOf(240, [], { partial: 'some' }));
    const { instances } = saved(partition);
    const { deleted } = restorePartition(rules, { partition: older, instances }).partition;
    expect([...deleted.instances].map(({ key }) => key)).toEqual([...partition.instances.keys()]);
    expect(deleted.closedBefore).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  test('with any byte broken or cut off is restored or refused, and nothing else happens', () => {
    const state = saved(metered());
    const fault = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.boolean(), which: fc.nat(2) });
    let refused = 0;
    fc.assert(
      fc.property(fault, ({ at, byte, cut, which }) => {
        const all = [state.partition, ...state.instances.values()] as Buffer[];
        const bytes = Buffer.from(all[which] as Buffer);
        const place = at % bytes.length;
        bytes[place] = byte;
        all[which] = cut ? bytes.subarray(0, place) : bytes;
        const keys = [...state.instances.keys()];
        const instances = new Map(keys.map((key, n) => [key, all[n + 1] as Buffer]));
        try {
          restorePartition(rules, { partition: all[0] as Buffer, instances });
        } catch (error) {
          expect(error).toBeInstanceOf(SavedStateError);
          refused++;
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  test('whose instance has an epoch of a source that is forgotten is restored', () => {
    const DAY = 86_400;
    const plain = rulesOf();
    const partition = createPartition(plain);
    take(partition, plain, pollOf(0, [received(0, 1n, { epoch: 'old' })], { hypervisor: 'gone' }));
    const poll = { interval: DAY };
    for (let day = 1; day <= 40; day++)
      take(partition, plain, pollOf(day * DAY, [received(day * DAY, BigInt(day))], poll));
    expect([...partition.progress.sources.keys()]).toEqual(['test/h']);
    const restored = restorePartition(plain, saved(partition)).partition;
    const next = pollOf(41 * DAY, [received(41 * DAY, 50n)], poll);
    const goOn = (of: Partition) => take(of, plain, next).closed.counters.map(({ index, delta }) => [index, delta]);
    const windows = goOn(partition);
    expect(windows.reduce((sum, [, delta]) => sum + Number(delta), 0)).toBe(10);
    expect(goOn(restored)).toEqual(windows);
  });

  test('has both identities of an instance, and what leaves of them', () => {
    const partition = metered();
    const identity = { ...EMPTY_IDENTITY, name: 'db', createdAt: 7 };
    const said = received(201, 0n, { rows: [], nics: [], epoch: null, identity });
    take(partition, rules, pollOf(201, [said], { kind: 'nova', partial: 'notifications' }));
    take(partition, rules, pollOf(240, [received(240, 240n)]));
    const [key] = [...partition.instances.keys()] as [string];
    const restored = restorePartition(rules, saved(partition)).partition.instances.get(key);
    const { identity: merged, listedAs, announced } = partition.instances.get(key) ?? {};
    expect(merged).toEqual({ ...EMPTY_IDENTITY, name: 'db', createdAt: 7 });
    expect(listedAs).toMatchObject({ name: 'web' });
    expect(restored).toMatchObject({ identity: merged, listedAs, announced });
  });

  test('tells a log that holds another message where it took its last one', () => {
    const { partition } = restorePartition(rules, saved(metered()));
    const last = { offset: 0, time: 200 * SECOND, length: 0 };
    expect(vouches(partition, last)).toBe(true);
    expect(vouches(partition, { ...last, time: 1 })).toBe(false);
    expect(vouches(partition, { ...last, length: 1 })).toBe(false);
    expect(vouches(partition, { ...last, offset: 1, time: 1 })).toBe(true);
  });

  test('waits for what was in the reorder buffer, until that is taken for missing', () => {
    const { partition } = restorePartition(rules, saved(metered()));
    expect(takeMissing(partition)).toEqual([0]);
    expect(takeMissing(partition)).toEqual([]);
  });
});

describe('other window sizes', () => {
  /** What comes out from 210 s to 700 s, by window size: [end, delta, total, coverage]. */
  function goingOn(sizes: readonly number[], from: Saved = saved(metered())) {
    const others = rulesOf({ sizes: sizes.map((size) => size * SECOND) }, { reorder: 30 * SECOND });
    const { partition, changes } = restorePartition(others, from);
    takeMissing(partition);
    const out: (readonly unknown[])[] = [];
    for (let t = 210; t <= 700; t += 10) {
      const { closed } = take(partition, others, pollOf(t, [received(t, BigInt(t))]));
      for (const { size, index, delta, total } of closed.counters) {
        const length = (closed.sizes[size] as number) / SECOND;
        out.push([length, (index + 1) * length, delta, total]);
      }
    }
    return {
      changes: changes.map(({ size, change, at }) => [change, size / SECOND, at / SECOND]),
      of: (size: number) => out.filter(([each]) => each === size).map(([, ...rest]) => rest),
    };
  }
  /** Windows from one end to another, of a counter that grows by one a second and began at 0. */
  const windows = (size: number, first: number, last: number) =>
    Array.from({ length: (last - first) / size + 1 }, (_, n) => [first + n * size, size, first + n * size]);

  test('that stay go on where they were, also in another order', () => {
    for (const sizes of [
      [60, 90],
      [90, 60],
    ]) {
      const { changes, of } = goingOn(sizes);
      expect(changes).toEqual([]);
      expect(of(60)).toEqual(windows(60, 180, 660));
      expect(of(90)).toEqual(windows(90, 180, 630));
    }
  });

  test('take turns at a bound of both, and the cumulative goes on', () => {
    const { changes, of } = goingOn([60, 120]);
    expect(changes).toEqual([
      ['added', 120, 360],
      ['dropped', 90, 360],
    ]);
    expect(of(60)).toEqual(windows(60, 180, 660));
    expect(of(90)).toEqual(windows(90, 180, 360));
    expect(of(120)).toEqual(windows(120, 480, 600));
  });

  test('that are new beside the others have whole windows alone; one that goes has its last one to the end', () => {
    const added = goingOn([60, 90, 120]);
    expect(added.changes).toEqual([['added', 120, 240]]);
    expect(added.of(120)).toEqual(windows(120, 360, 600));
    const dropped = goingOn([90]);
    expect(dropped.changes).toEqual([['dropped', 60, 180]]);
    expect(dropped.of(60)).toEqual(windows(60, 180, 180));
  });

  test('that go alone carry nothing beyond their last window, and one that comes in their stead has it', () => {
    const lateFor = (sizes: readonly number[]) => {
      const others = rulesOf({ sizes: sizes.map((size) => size * SECOND) }, { reorder: 30 * SECOND });
      const { partition } = restorePartition(others, saved(metered()));
      takeMissing(partition);
      const out: (readonly unknown[])[] = [];
      const note = (snapshot: Parameters<typeof take>[2]) => {
        const { closed } = take(partition, others, snapshot);
        for (const { size, index, delta } of closed.counters) {
          const length = (closed.sizes[size] as number) / SECOND;
          out.push([length, (index + 1) * length, delta]);
        }
      };
      // Another host goes on; the silence of ours closes its windows.
      for (let t = 210; t <= 300; t += 10) note(pollOf(t, [], { hypervisor: 'other' }));
      for (let t = 310; t <= 700; t += 10) note(pollOf(t, [received(t, BigInt(t))]));
      return out;
    };
    const ends = (out: readonly (readonly unknown[])[], size: number) =>
      out.filter(([each]) => each === size).map(([, end]) => end);
    expect(ends(lateFor([90]), 60)).toEqual([180]);
    const replaced = lateFor([180]);
    expect(ends(replaced, 60)).toEqual([180]);
    // What came late, of (170 s, 180 s], is in the first of them: of (120 s, 540 s] nothing is missing.
    const chain = replaced.filter(([size]) => size !== 90);
    const sum = chain.reduce((all, [, , delta]) => all + Number(delta), 0);
    expect([sum, ends(replaced, 180)]).toEqual([540 - 120, [360, 540]]);
  });

  test('of an instance that was not read since are kept as well: the whole state is written anew', () => {
    const others = rulesOf({ sizes: [60 * SECOND, 120 * SECOND] }, { reorder: 30 * SECOND });
    const { partition } = restorePartition(others, saved(metered()));
    const [key] = [...partition.instances.keys()] as [string];
    expect([...saved(partition).instances.keys()]).toEqual([key, `${key}/identity`]);
  });

  test('are told once: a state in which they change says so itself', () => {
    const others = rulesOf({ sizes: [120 * SECOND] }, { reorder: 30 * SECOND });
    const once = restorePartition(others, saved(metered()));
    const kept = saved(once.partition);
    const again = restorePartition(others, kept);
    expect(again.changes).toEqual([]);
    expect(again.partition.runs).toEqual(once.partition.runs);
    expect(goingOn([120], kept).of(120)).toEqual(goingOn([120]).of(120));
  });

  test('of a state from before sizes could change are cut for good', () => {
    // Version 2: the sizes alone, no runs and nothing past.
    const { instances } = saved(metered());
    const older = readFileSync(new URL('fixtures/partition-v2.bin', import.meta.url));
    const restored = restorePartition(rules, { partition: older, instances });
    expect(restored.changes).toEqual([]);
    expect(restored.partition.runs.map(({ bounds }) => bounds.until)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(restored.partition.progress.watermark).toBe(170 * SECOND);
  });

  test('that are new have gauges and statuses from their bound on, and say nothing of what was read before', () => {
    const gauged = rulesOf({ sizes: [60 * SECOND] });
    const partition = createPartition(gauged);
    for (const [t, usage] of [
      [190, 5n],
      [200, 9n],
    ] as const)
      take(partition, gauged, pollOf(t, [vm(t, { memoryUsage: usage })]));
    const others = rulesOf({ sizes: [60 * SECOND, 120 * SECOND] });
    const { partition: again } = restorePartition(others, saved(partition));
    takeMissing(again);
    const outcomes = [210, 220, 250, 370].map((t) => {
      // From 250 s on the machine is off: it is listed, and nothing is read of it.
      const off = { state: 'SHUTOFF', rows: [] } as const;
      const row = { memoryUsage: t === 220 ? 6n : 7n };
      return take(again, others, pollOf(t, [t < 250 ? vm(t, row) : vm(t, {}, off)])).closed;
    });
    const gauges = outcomes.flatMap(({ gauges: each }) => each);
    // The bound is at 240 s, and nothing was read after it.
    expect(gauges.map(({ size, index, last, least, most }) => [size, index, last, least, most])).toEqual([
      [0, 3, 6, 5, 9],
    ]);
    const statuses = outcomes.flatMap(({ statuses: each }) => each);
    expect(statuses.map(({ size, index }) => [size, index])).toEqual([
      [0, 3],
      [0, 4],
      [1, 2],
    ]);
  });

  test('are those of every instance that is kept, also of one that does not change any more', () => {
    const others = rulesOf({ sizes: [60 * SECOND] }, { reorder: 30 * SECOND });
    const first = saved(metered());
    const { partition } = restorePartition(others, first);
    const second = takeChanges(partition, 22);
    const kept = new Map([...first.instances, ...second.changed]);
    expect(restorePartition(others, { partition: second.partition, instances: kept }).partition.instances.size).toBe(1);
  });

  test('that are new do not tell again what a machine had that is off', () => {
    const gauged = rulesOf({ sizes: [60 * SECOND] });
    const partition = createPartition(gauged);
    take(partition, gauged, pollOf(10, [vm(10, { memoryUsage: 5n })]));
    take(partition, gauged, pollOf(200, [vm(200, {}, { state: 'SHUTOFF', rows: [] })]));
    const others = rulesOf({ sizes: [60 * SECOND, 30 * SECOND] });
    const { partition: again } = restorePartition(others, saved(partition));
    takeMissing(again);
    const { closed } = take(again, others, pollOf(400, [vm(400, {}, { state: 'SHUTOFF', rows: [] })]));
    expect(closed.gauges).toEqual([]);
    expect(closed.statuses.map(({ size }) => size)).toEqual([0]);
  });
});
