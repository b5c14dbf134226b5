import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../avro/snapshot.ts';
import { cutPoll, type SliceState } from '../../connectors/slices.ts';
import { partitionOf } from '../../pipeline/kafka/murmur2.ts';
import { instance, named, poll } from './polls.ts';

const S = 1_000_000;
const options = { partitions: 12, partitionOf, collector: 'c1', generation: 42, identityEveryUs: 60 * S };
const everyone = Array.from({ length: 100 }, (_, number) => instance(number));
const identities = (slices: readonly Snapshot[]) =>
  slices.flatMap(({ instances }) => instances.map(({ identity }) => identity?.name ?? null));

describe('cutting a poll', () => {
  test('gives every partition a slice with the poll in it, empty or not', () => {
    const slices = cutPoll(
      new Map(),
      poll(7 * S, [instance(1)], { sequence: 9, bootedAt: 3, partial: 'vm 4' }),
      options,
    );
    expect(slices.map(({ poll: { slice } }) => slice)).toEqual([...Array(12).keys()]);
    expect(slices.filter(({ instances }) => instances.length > 0)).toHaveLength(1);
    for (const { source, poll: info } of slices) {
      expect(source).toEqual({ kind: 'simulator', hypervisor: 'kvm1', collector: 'c1', generation: 42, bootedAt: 3 });
      expect(info).toMatchObject({
        sequence: 9,
        startedAt: 7 * S,
        interval: 10 * S,
        instances: 1,
        slices: 12,
        partial: 'vm 4',
      });
    }
  });

  test('puts every instance, and every host, in the partition of its uuid and in no other', () => {
    const host = instance(4711);
    const slices = cutPoll(new Map(), poll(0, everyone, { hosts: [host] }), options);
    expect(slices.flatMap(({ instances }) => instances)).toHaveLength(100);
    for (const {
      poll: { slice },
      instances,
    } of slices)
      for (const { uuid } of instances) expect(partitionOf(uuid, 12)).toBe(slice);
    expect(slices.filter(({ hosts }) => hosts.length > 0).map(({ poll: { slice } }) => slice)).toEqual([
      partitionOf(host.uuid, 12),
    ]);
  });
});

describe('the identity travels', () => {
  const seen = (state: SliceState, seconds: number, ...instances: Parameters<typeof poll>[1]) =>
    identities(cutPoll(state, poll(seconds * S, instances), options));

  test('at first sight, not again within a minute, then again', () => {
    const state: SliceState = new Map();
    const names = [0, 10, 50, 60, 70].map((seconds) => seen(state, seconds, instance(1)));
    expect(names).toEqual([['vm-1'], [null], [null], ['vm-1'], [null]]);
  });

  test('when it changed, and not when only its object is another one', () => {
    const state: SliceState = new Map();
    expect(seen(state, 0, instance(1, 1n, named('a')))).toEqual(['a']);
    expect(seen(state, 1, instance(1, 1n, named('a')))).toEqual([null]);
    expect(seen(state, 2, instance(1, 1n, named('b')))).toEqual(['b']);
    expect(seen(state, 3, instance(1, 1n, named('b')))).toEqual([null]);
  });

  test('when the clock was set back', () => {
    const state: SliceState = new Map();
    expect(seen(state, 100, instance(1))).toEqual(['vm-1']);
    expect(seen(state, 10, instance(1))).toEqual(['vm-1']);
  });

  test('and nothing is kept of hypervisors that are polled no more', () => {
    const state: SliceState = new Map();
    const polled = (seconds: number, hypervisor: string) =>
      cutPoll(state, poll(seconds * S, [instance(1)], { hypervisor }), options);
    polled(0, 'gone');
    polled(10, 'kvm2');
    polled(60, 'kvm1');
    expect([...state.keys()]).toEqual(['gone', 'kvm2', 'kvm1']);
    polled(70, 'kvm2');
    expect([...state.keys()]).toEqual(['kvm1', 'kvm2']);
  });

  test('per hypervisor: after a migration the new one sends it', () => {
    const state: SliceState = new Map();
    expect(seen(state, 0, instance(1))).toEqual(['vm-1']);
    const elsewhere = poll(1 * S, [instance(1)], { hypervisor: 'kvm2' });
    expect(identities(cutPoll(state, elsewhere, options))).toEqual(['vm-1']);
  });

  test('and is forgotten with the instance', () => {
    const state: SliceState = new Map();
    cutPoll(state, poll(0, everyone), options);
    cutPoll(state, poll(61 * S, [instance(1)]), options);
    expect(state.get('kvm1')?.known.size).toBe(1);
  });
});
