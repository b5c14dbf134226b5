import { describe, expect, test } from 'vitest';
import { EMPTY_DISK_ROW, EMPTY_IDENTITY, EMPTY_NIC_ROW, type Instance, type Row } from '../../../avro/snapshot.ts';
import { derive } from '../../../pipeline/model/derive.ts';
import { select } from '../../../pipeline/model/meters.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';
import { pollOf, received, rulesOf, SECOND, take, vm } from './polls.ts';

interface Poll {
  readonly t: number;
  readonly seen: Instance;
  readonly interval?: number;
  readonly isHost?: boolean;
}

/** The samples of the selected meters that polls let out, in windows of these sizes (seconds). */
function samplesOf(
  polls: readonly Poll[],
  meters: readonly string[],
  sizes: readonly number[] = [60],
): readonly Sample[] {
  const rules = rulesOf({ sizes: sizes.map((size) => size * SECOND), graces: sizes.map(() => 'auto') });
  const partition = createPartition(rules);
  const deriveRules = { selection: select(meters), gauges: 'last' as const };
  return polls.flatMap(({ t, seen, interval = 60, isHost = false }) => {
    const poll = pollOf(t, [seen], { interval });
    const asked = isHost ? { ...poll, hosts: poll.instances, instances: [] } : poll;
    return derive(take(partition, rules, asked).closed, deriveRules);
  });
}

const reading = (t: number, row: Partial<Row>, over: Partial<Instance> = {}): Poll => ({ t, seen: vm(t, row, over) });
const bytes = (t: number, rxBytes: bigint, over: Partial<Instance> = {}): Poll => ({
  t,
  seen: received(t, rxBytes, over),
});
/** So many bytes in the seconds before `t`. */
const amount = (t: number, seconds: number): Poll => ({
  t,
  seen: vm(
    t,
    { interval: seconds * SECOND, nics: [{ ...EMPTY_NIC_ROW, rxBytes: 600n }] },
    { nics: [{ id: 'n', epoch: null }] },
  ),
});
const startedAt = (t: number): Partial<Instance> => ({ startedAt: t * SECOND });
const another = bytes(0, 1n, { uuid: Buffer.alloc(16, 9) });
const shown = ({ name, volume, windowStart, windowEnd }: Sample) => [
  name,
  windowStart / SECOND,
  windowEnd / SECOND,
  volume,
];

test('a host has meters of its own, an instance none of those', () => {
  const row = { vcpus: 2n, memory: 2n ** 30n, nics: [{ ...EMPTY_NIC_ROW, rxBytes: 1000n }] };
  const nics = [{ id: 'vmnic0', epoch: null }];
  const at = (t: number, cpuTime: bigint, isHost: boolean): Poll => ({
    ...reading(t, { ...row, cpuTime }, { nics, identity: { ...EMPTY_IDENTITY, host: 'esx1' } }),
    isHost,
  });
  const meters = ['cpu*', '*.cpu.*', 'memory', '*.memory', '*incoming.bytes'];
  const namesOf = (isHost: boolean) =>
    samplesOf([at(0, 0n, isHost), at(60, 60_000_000_000n, isHost)], meters)
      .filter(({ windowStart }) => windowStart === 0)
      .map((sample) => shown(sample).join(' '));
  expect(namesOf(true)).toEqual([
    'compute.node.memory 0 60 1024',
    'compute.node.cpu.time 0 60 60000000000',
    'compute.node.cpu.time.delta 0 60 60000000000',
    'compute.node.cpu.percent 0 60 50',
    'compute.node.network.incoming.bytes 0 60 1000',
  ]);
  expect(namesOf(false)).toEqual([
    'memory 0 60 1024',
    'cpu 0 60 60000000000',
    'cpu.delta 0 60 60000000000',
    'cpu_util 0 60 50',
    'network.incoming.bytes 0 60 1000',
  ]);
});

describe('the meters of a counter', () => {
  test('are cumulative, delta and rate of the same window', () => {
    const samples = samplesOf([bytes(0, 1000n), bytes(60, 1600n)], ['network.incoming.bytes*']);
    expect(samples.map((sample) => [...shown(sample), sample.type, sample.unit])).toEqual([
      ['network.incoming.bytes', 0, 60, 1600, 'cumulative', 'B'],
      ['network.incoming.bytes.delta', 0, 60, 600, 'delta', 'B'],
      ['network.incoming.bytes.rate', 0, 60, 10, 'gauge', 'B/s'],
    ]);
    expect(new Set(samples.map(({ timestamp }) => timestamp))).toEqual(new Set([60 * SECOND]));
  });

  test.each<[string, readonly Poll[], number | null]>([
    ['its first reading was of a counter that had run before', [bytes(0, 1000n), bytes(60, 1600n)], null],
    ['its first reading was 0', [bytes(10, 0n), bytes(60, 600n)], 10],
    ['its epoch began in the stream', [another, bytes(60, 500n, startedAt(30)), bytes(120, 900n, startedAt(30))], 30],
    ['it was counted in intervals', [amount(60, 20), amount(80, 20)], 40],
  ])('say since when a cumulative counts, as far as that is known: %s', (_what, polls, since) => {
    const samples = samplesOf(polls, ['network.incoming.bytes*']).slice(-3);
    expect(samples.map(({ since }) => since)).toEqual([since === null ? null : since * SECOND, null, null]);
  });

  test('are exact beyond 2^53', () => {
    const start = (1n << 63n) + 1n;
    const [total, delta] = samplesOf(
      [bytes(0, start), bytes(60, start + (1n << 53n) + 1n)],
      ['network.incoming.bytes*'],
    );
    expect([total?.volume, delta?.volume]).toEqual([start + (1n << 53n) + 1n, (1n << 53n) + 1n]);
  });

  test('in MiB are divided exactly', () => {
    const polls = [reading(0, { memorySwapIn: 0n }), reading(60, { memorySwapIn: 3n << 19n })];
    expect(samplesOf(polls, ['memory.swap.in*']).map(shown)).toEqual([
      ['memory.swap.in', 0, 60, 1.5],
      ['memory.swap.in.delta', 0, 60, 1.5],
      ['memory.swap.in.rate', 0, 60, 1.5 / 60],
    ]);
  });

  test('have no rate where nothing was covered: nothing comes out, not 0', () => {
    const gap = { interval: 10 };
    const samples = samplesOf(
      [
        { ...bytes(0, 0n), ...gap },
        { ...bytes(120, 1200n), ...gap },
      ],
      ['network.incoming.bytes.delta', 'network.incoming.bytes.rate'],
    );
    expect(samples.map((sample) => [...shown(sample), sample.coverage, sample.quality])).toEqual([
      ['network.incoming.bytes.delta', 0, 60, 600, 0, 'estimated'],
      ['network.incoming.bytes.delta', 60, 120, 600, 0, 'estimated'],
    ]);
  });

  test('divide by what was covered, and say how much that was', () => {
    const [rate] = samplesOf([bytes(45, 0n), bytes(60, 150n)], ['network.incoming.bytes.rate']);
    expect(rate).toMatchObject({ volume: 10, coverage: 0.25, quality: 'measured' });
  });

  test('of a window that an interval crosses say so', () => {
    const samples = samplesOf([bytes(30, 0n), bytes(90, 600n), bytes(120, 900n)], ['network.incoming.bytes.delta']);
    expect(samples.map((sample) => [sample.volume, sample.quality, sample.flags])).toEqual([
      [300, 'interpolated', []],
      [600, 'interpolated', []],
    ]);
  });

  test('of a restart whose begin nobody saw are at least', () => {
    const polls = [bytes(0, 500n), bytes(30, 800n), ...[60, 90].map((t) => bytes(t, 100n, { epoch: 'e2' }))];
    const [delta] = samplesOf(polls, ['network.incoming.bytes.delta']);
    expect(delta).toMatchObject({ volume: 400, quality: 'lower_bound', flags: ['reset', 'lower_bound'] });
  });
});

describe('cpu_util', () => {
  test.each([
    ['one vCPU', 1n, 50],
    ['four', 4n, 12.5],
  ])('is the share of what %s could use', (_what, vcpus, expected) => {
    const polls = [reading(0, { cpuTime: 0n, vcpus }), reading(60, { cpuTime: 30_000_000_000n, vcpus })];
    expect(samplesOf(polls, ['cpu_util']).map(({ volume, unit }) => [volume, unit])).toEqual([[expected, '%']]);
  });

  test('is nothing while nobody has told the vCPUs', () => {
    const polls = [reading(0, { cpuTime: 0n }), reading(60, { cpuTime: 30_000_000_000n })];
    expect(samplesOf(polls, ['cpu*']).map(({ name }) => name)).toEqual(['cpu', 'cpu.delta']);
  });
});

describe('the meters of a gauge', () => {
  test('are the last reading, in MiB where it is memory', () => {
    const polls = [reading(10, { memory: 1n << 30n, vcpus: 2n }), reading(60, { memory: 3n << 19n, vcpus: 4n })];
    const samples = samplesOf(polls, ['memory', 'vcpus']);
    expect(samples.map((sample) => [sample.name, sample.volume, sample.unit, sample.coverage, sample.flags])).toEqual([
      ['vcpus', 4, 'vcpu', null, []],
      ['memory', 1.5, 'MiB', null, []],
    ]);
  });
});

describe('samples', () => {
  test('of several sizes come out side by side and add up', () => {
    const polls = Array.from({ length: 7 }, (_, index) => bytes(index * 50, BigInt(index * 500)));
    const samples = samplesOf(polls, ['network.incoming.bytes.delta'], [60, 100, 300]);
    const of = (size: number) =>
      samples.filter(({ windowStart, windowEnd }) => windowEnd - windowStart === size * SECOND);
    expect(of(60).map(({ windowEnd }) => windowEnd / SECOND)).toEqual([60, 120, 180, 240, 300]);
    expect(of(100).map(({ windowEnd }) => windowEnd / SECOND)).toEqual([100, 200, 300]);
    for (const size of [60, 100, 300]) {
      expect(of(size).reduce((sum, { volume }) => sum + Number(volume), 0)).toBe(3000);
    }
  });

  test('have an id of their own for each meter, window, size and device, the same in every run', () => {
    const disks = ['vda', 'vdb'].map((id) => ({ id, epoch: null }));
    const polls = [0, 60, 120].map((t) => ({
      t,
      seen: vm(
        t,
        { cpuTime: BigInt(t), disks: disks.map(() => ({ ...EMPTY_DISK_ROW, readBytes: BigInt(t), capacity: 5n })) },
        { disks },
      ),
    }));
    const ids = samplesOf(polls, ['*'], [60, 120]).map(({ messageId }) => messageId);
    // Three windows of cpu's two meters and of readBytes' three a disk; five of a disk's capacity and of the
    // instance's state, also up to 0.
    expect(ids).toHaveLength(3 * (2 + 2 * 3) + 5 * 2 + 5);
    expect(new Set(ids).size).toBe(ids.length);
    expect(samplesOf(polls, ['*'], [60, 120]).map(({ messageId }) => messageId)).toEqual(ids);
  });

  test('keep their ids for ever: receivers know them', () => {
    const [delta] = samplesOf([bytes(0, 0n), bytes(60, 1n)], ['network.incoming.bytes.delta']);
    expect(delta?.messageId).toBe('601117aa-5ab5-546b-9b49-932ced919a21');
  });

  test('take a new identity from the window on that comes out after it', () => {
    const named = (name: string) => ({ identity: { ...EMPTY_IDENTITY, name } });
    const polls = [bytes(0, 0n, named('old')), bytes(60, 1n), bytes(90, 2n, named('new')), bytes(120, 3n)];
    const samples = samplesOf(polls, ['network.incoming.bytes.delta']);
    expect(samples.map(({ resource }) => resource.metadata.display_name)).toEqual(['old', 'new']);
  });
});
