import { describe, expect, test } from 'vitest';
import { decodeSnapshots, encodeSnapshot } from '../../avro/codec.ts';
import type { Held } from '../../connectors/gather.ts';
import { recut } from '../../connectors/recut.ts';
import { cutPoll } from '../../connectors/slices.ts';
import { partitionOf } from '../../pipeline/kafka/murmur2.ts';
import { instance, poll } from './polls.ts';

const everyone = Array.from({ length: 40 }, (_, number) => instance(number));
const options = { partitions: 4, partitionOf, encode: encodeSnapshot };

/** The slices of a poll of everyone, cut for so many partitions. */
function cutFor(partitions: number): readonly (Held & { readonly told: boolean[] })[] {
  const slicing = { partitions, partitionOf, collector: 'c1', generation: 42, identityEveryUs: 60e6 };
  return cutPoll(new Map(), poll(7e6, everyone, { hosts: [instance(4711)] }), slicing).map((snapshot) => {
    const told: boolean[] = [];
    const settled = (delivered: boolean): void => void told.push(delivered);
    const { slice } = snapshot.poll;
    return { hypervisor: 'kvm1', partition: slice, value: encodeSnapshot(snapshot), timestampMs: 7000, settled, told };
  });
}

describe('a slice', () => {
  test('that was cut for as many partitions as there are is left as it is', () => {
    const [parcel] = cutFor(4);
    expect(recut(parcel as Held, options)).toEqual([parcel]);
  });

  test.each([1, 3, 12])('that was cut for %i is cut anew: everyone is where he belongs, and nowhere else', (before) => {
    const parts = cutFor(before).flatMap((parcel) => recut(parcel, options));
    const snapshots = parts.flatMap(({ partition, value }) =>
      decodeSnapshots(value).map((each) => [partition, each] as const),
    );
    const numbers = snapshots.flatMap(([, { instances }]) => instances.map(({ uuid }) => uuid.readUInt32BE(12)));
    expect([...numbers].sort((a, b) => a - b)).toEqual([...everyone.keys()]);
    for (const [partition, { poll: info, instances, hosts }] of snapshots) {
      expect(info).toMatchObject({ slice: partition, slices: 4, instances: 40, startedAt: 7e6, sequence: 0 });
      // Who is not in this part may be in another one.
      expect(info.partial).toBe('the slice is in parts');
      for (const { uuid } of [...instances, ...hosts]) expect(partitionOf(uuid, 4)).toBe(partition);
    }
    expect(snapshots.flatMap(([, { hosts }]) => hosts)).toHaveLength(1);
  });

  test('is settled when all of its parts are, and not delivered unless all of them are', () => {
    const [first, second] = cutFor(3);
    for (const { settled } of recut(first as Held, options)) settled?.(true);
    for (const [index, { settled }] of recut(second as Held, options).entries()) settled?.(index !== 2);
    expect([first?.told, second?.told]).toEqual([[true], [false]]);
  });

  test('that cannot be read goes to a partition that there is', () => {
    const nonsense: Held = { hypervisor: 'kvm1', partition: 9, value: Buffer.from('nonsense'), timestampMs: 1 };
    expect(recut(nonsense, options)).toEqual([{ ...nonsense, partition: 0 }]);
    expect(recut({ ...nonsense, partition: 3 }, options)).toEqual([{ ...nonsense, partition: 3 }]);
  });
});
