import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_IDENTITY } from '../../../avro/snapshot.ts';
import { createPartition, type Partition } from '../../../pipeline/model/partition.ts';
import { restorePartition, type Saved, takeChanges, takeMissing, vouches } from '../../../pipeline/model/saved.ts';
import { SavedStateError } from '../../../pipeline/model/saved-error.ts';
import { pollOf, received, rulesOf, SECOND, take } from './polls.ts';

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
    expect(newer).toThrow('version 9; this one reads up to 1');
    const [[key, bytes]] = [...state.instances] as [[string, Buffer]];
    const instance = Buffer.from(bytes);
    instance[0] = 7;
    const instances = new Map([...state.instances, [key, instance]]);
    expect(() => restorePartition(rules, { ...state, instances })).toThrow(`instance ${key} was written by a newer`);
  });

  test('of version 1 is read: it knew no power state, and not since when its cumulatives count', () => {
    const state = saved(metered());
    const [[key, bytes]] = [...state.instances] as [[string, Buffer]];
    // Version 1, of the same readings.
    const older = readFileSync(new URL('fixtures/instance-v1.bin', import.meta.url));
    const restored = (instance: Buffer) => {
      const instances = new Map([...state.instances, [key, instance]]);
      return restorePartition(rules, { ...state, instances }).partition.instances.get(key);
    };
    const nicOf = (instance: Buffer) => restored(instance)?.blocks[1];
    const nic = nicOf(bytes);
    expect(restored(bytes)).toMatchObject({ state: 1 });
    expect(restored(bytes)?.told).toHaveLength(2);
    expect(restored(older)).toMatchObject({ state: -1, told: [] });
    expect(nic).toMatchObject({ deviceId: 'n', since: 0 });
    expect(nicOf(older)).toEqual({ ...nic, since: Number.NEGATIVE_INFINITY });
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
  /** What comes out from 210 s to 400 s, by window size: [end, delta, total]. */
  function goingOn(sizes: readonly number[]) {
    const others = rulesOf({ sizes: sizes.map((size) => size * SECOND) }, { reorder: 30 * SECOND });
    const { partition, sizes: change } = restorePartition(others, saved(metered()));
    takeMissing(partition);
    const out: (readonly unknown[])[] = [];
    for (let t = 210; t <= 400; t += 10) {
      for (const { size, index, delta, total } of take(partition, others, pollOf(t, [received(t, BigInt(t))])).closed
        .counters) {
        out.push([sizes[size], (index + 1) * (sizes[size] as number), delta, total]);
      }
    }
    return { change, of: (size: number) => out.filter(([each]) => each === size).map(([, ...rest]) => rest) };
  }
  const minutes = [
    [180, 60, 180],
    [240, 60, 240],
    [300, 60, 300],
    [360, 60, 360],
  ];

  test('that stay go on where they were, also in another order', () => {
    for (const sizes of [
      [60, 90],
      [90, 60],
    ]) {
      const { change, of } = goingOn(sizes);
      expect(change).toEqual({ added: [], dropped: [] });
      expect(of(60)).toEqual(minutes);
      expect(of(90)).toEqual([
        [180, 90, 180],
        [270, 90, 270],
        [360, 90, 360],
      ]);
    }
  });

  test('that are new begin at the latest reading, with the cumulative of the others; those dropped are told', () => {
    const { change, of } = goingOn([60, 120]);
    expect(change).toEqual({ added: [120 * SECOND], dropped: [90 * SECOND] });
    expect(of(60)).toEqual(minutes);
    expect(of(120)).toEqual([
      [240, 70, 240],
      [360, 120, 360],
    ]);
  });
});
