import { describe, expect, test } from 'vitest';
import { encodeSnapshot } from '../../avro/codec.ts';
import { SliceReader } from '../../avro/reader.ts';
import type { Snapshot } from '../../avro/snapshot.ts';
import type { Endpoint, Known } from '../../connectors/connector.ts';
import { Recorded } from '../../connectors/recorded.ts';
import { resuming } from '../../connectors/resuming.ts';
import { cutPoll } from '../../connectors/slices.ts';
import { instance, poll } from './polls.ts';

const SECOND = 1_000_000;
/** Of a time in seconds: generations are times, too. */
const OLD = 1000 * SECOND;
const NEW = 1060 * SECOND;

/** A poll of kvm1 at so many seconds, of VM 1 with a row of each of these times. */
const polled = (startedAtS: number, generation: number, ...rowsAtS: readonly number[]): Snapshot => {
  const vm = instance(1);
  const rows = rowsAtS.map((at) => ({ ...(vm.rows[0] as (typeof vm.rows)[number]), observedAt: at * SECOND }));
  const slicing = { partitions: 1, partitionOf: () => 0, collector: 'c', generation: 0, identityEveryUs: 1 };
  const [snapshot] = cutPoll(new Map(), { ...poll(startedAtS * SECOND, [{ ...vm, rows }]), generation }, slicing);
  return snapshot as Snapshot;
};

const knownOf = (...snapshots: readonly Snapshot[]): Known | null | undefined => {
  const recorded = new Recorded(['kvm1', 'kvm2']);
  const reader = new SliceReader();
  for (const snapshot of snapshots) recorded.take(reader.read(encodeSnapshot(snapshot)));
  expect(recorded.of('kvm2')).toBeNull();
  const known = recorded.of('kvm1');
  return known === null ? null : known.get('00000000000000000000000000000001');
};

describe('what is recorded of an endpoint', () => {
  test('is nothing where no poll of it is', () => {
    expect(knownOf()).toBeNull();
  });

  test('is the newest row, and when the poll that brought it began, whatever the order of the slices', () => {
    const slices = [polled(1010, OLD, 1000, 1005), polled(1020, OLD), polled(1000, OLD, 995)];
    const known = { lastRowAt: 1005 * SECOND, seenAt: 1010 * SECOND, isRunning: true };
    expect(knownOf(...slices)).toEqual(known);
    expect(knownOf(...slices.toReversed())).toEqual(known);
  });

  test('is no row where it was listed without one', () => {
    expect(knownOf(polled(1010, OLD))).toEqual({ lastRowAt: null, seenAt: 1010 * SECOND, isRunning: true });
  });

  test('is of an owner before the last one what it polled before that one began, and not what is fenced', () => {
    const before = polled(1050, OLD, 1045);
    const fenced = polled(1070, OLD, 1055, 1060, 1065);
    const after = polled(1062, NEW, 1050);
    expect(knownOf(before, fenced, polled(1080, NEW))?.lastRowAt).toBe(1045 * SECOND);
    expect(knownOf(before, fenced, after)?.lastRowAt).toBe(1050 * SECOND);
  });
});

describe('an endpoint that is taken on', () => {
  const resumed = (look: () => Promise<ReadonlyMap<string, Known> | null>, connect: Endpoint['connect']) => {
    const told: (readonly string[])[] = [];
    const resume = (known: ReadonlyMap<string, Known>): void => void told.push([...known.keys()]);
    const endpoint: Endpoint = { id: 'vc1', kind: 'vsphere', connect, history: { everyUs: 1, reachUs: 1, resume } };
    return { told, endpoint: resuming(endpoint, look) };
  };
  const refused = () => Promise.reject(new Error('refused'));
  const { signal } = new AbortController();

  test('is told once what is recorded, before it connects, however often that fails', async () => {
    let looks = 0;
    const look = async () => {
      looks++;
      return new Map([['u1', { lastRowAt: 1, seenAt: 1, isRunning: true }]]);
    };
    const { told, endpoint } = resumed(look, refused);
    await expect(endpoint.connect(signal)).rejects.toThrow('refused');
    await expect(endpoint.connect(signal)).rejects.toThrow('refused');
    expect([looks, told]).toEqual([1, [['u1']]]);
  });

  test('reads all that there is where nothing is known', async () => {
    const { told, endpoint } = resumed(async () => null, refused);
    await expect(endpoint.connect(signal)).rejects.toThrow('refused');
    expect(told).toEqual([]);
  });

  test('is left alone where it keeps nothing', () => {
    const endpoint: Endpoint = { id: 'kvm1', kind: 'libvirt', connect: refused };
    expect(resuming(endpoint, () => Promise.reject(new Error('not asked')))).toBe(endpoint);
  });
});
