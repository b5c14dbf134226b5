import { describe, expect, it } from 'vitest';
import { STATES } from '../../../avro/snapshot.ts';
import { decodeDomain, interfacesOf, isPausedForMigration } from '../../../connectors/libvirt/decode.ts';
import type { CpuSource } from '../../../connectors/libvirt/decode-row.ts';
import { readDomainXml } from '../../../connectors/libvirt/domain-xml.ts';
import type { StatValue } from '../../../connectors/libvirt/replies.ts';
import { fakeDomain } from '../../fakes/libvirtd-answers.ts';

const TIME = { observedAt: 1_000_000, monotonic: 5 };
const identity = readDomainXml(fakeDomain(1).xml ?? '', 'kvm1');

function record(stats: Readonly<Record<string, StatValue>>, id = 4) {
  const domain = { name: 'x', uuid: Buffer.alloc(16, 1), id };
  return { domain, stats: new Map(Object.entries({ 'state.state': 1n, ...stats })) };
}
const decode = (stats: Readonly<Record<string, StatValue>>, cpu: CpuSource = 'domain', id = 4) =>
  decodeDomain(record(stats, id), identity, TIME, { hypervisor: 'kvm1', cpu });
const row = (stats: Readonly<Record<string, StatValue>>, cpu: CpuSource = 'domain') =>
  decode(stats, cpu).instance.rows[0];

describe('state and epoch', () => {
  it.each(STATES.map((state, number) => [number, state] as const))('state %i is %s', (number, state) => {
    expect(decode({ 'state.state': BigInt(number) }).instance.state).toBe(state);
  });

  it('a state beyond the list, and none, are NOSTATE', () => {
    expect(decode({ 'state.state': 8n }).instance.state).toBe('NOSTATE');
    expect(
      decodeDomain({ ...record({}), stats: new Map() }, null, TIME, { hypervisor: 'k', cpu: 'domain' }).instance.state,
    ).toBe('NOSTATE');
  });

  it('the epoch is the hypervisor and the domain id; a domain that is off has none, and no rows', () => {
    expect(decode({}).instance.epoch).toBe('kvm1/4');
    expect(decode({ 'state.state': 5n }, 'domain', -1).instance).toMatchObject({
      epoch: null,
      rows: [],
      disks: [],
      nics: [],
    });
  });

  it.each([5n, 6n, 7n])('state %i has no counters', (state) => {
    expect(decode({ 'state.state': state, 'cpu.time': 5n }).instance.rows).toEqual([]);
  });

  it.each([
    [3n, 2n, true],
    [3n, 1n, false],
    [1n, 2n, false],
  ])('state %i for reason %i: paused for migration is %s', (state, reason, expected) => {
    expect(isPausedForMigration(record({ 'state.state': state, 'state.reason': reason }))).toBe(expected);
  });
});

describe('cpu', () => {
  const vcpus = {
    'cpu.time': 1000n,
    'vcpu.current': 2n,
    'vcpu.0.time': 300n,
    'vcpu.0.wait': 1n,
    'vcpu.0.delay': 7n,
    'vcpu.5.time': 500n,
    'vcpu.5.wait': 2n,
    'vcpu.5.delay': 8n,
  };

  it('is the domain’s own time by default', () => {
    expect(row(vcpus)).toMatchObject({ cpuTime: 1000n, cpuReady: 15n, vcpus: 2n });
  });

  it('is time and wait of the vcpus, whatever their numbers, if asked', () => {
    expect(row(vcpus, 'vcpu')?.cpuTime).toBe(803n);
  });

  it.each([
    ['a vcpu is missing', { 'vcpu.current': 3n }],
    ['their number is', { 'vcpu.current': 'two' }],
    ['a wait is malformed', { 'vcpu.5.wait': -1n }],
  ])('is null, not the other source, if %s', (_, change) => {
    expect(row({ ...vcpus, ...change }, 'vcpu')?.cpuTime).toBeNull();
  });

  it('ready time is null if one vcpu has none', () => {
    const { 'vcpu.5.delay': _, ...without } = vcpus;
    expect(row(without)?.cpuReady).toBeNull();
  });

  it('keeps all 64 bits', () => {
    expect(row({ 'cpu.time': 2n ** 64n - 1n })?.cpuTime).toBe(2n ** 64n - 1n);
  });

  it('does not make more than 64 bits', () => {
    const huge = { 'vcpu.current': 1n, 'vcpu.0.time': 2n ** 64n - 1n, 'vcpu.0.wait': 1n };
    expect(row(huge, 'vcpu')?.cpuTime).toBeNull();
  });
});

describe('memory, in bytes', () => {
  const guest = { 'balloon.available': 100n, 'balloon.usable': 60n, 'balloon.unused': 50n };

  it.each<[string, Record<string, bigint>, bigint | null]>([
    ['usable before unused', guest, 40n * 1024n],
    ['else unused', { 'balloon.available': 100n, 'balloon.unused': 50n }, 50n * 1024n],
    ['none without either', { 'balloon.available': 100n }, null],
    ['none without what is available', { 'balloon.usable': 60n }, null],
    ['none if it would be negative', { 'balloon.available': 60n, 'balloon.usable': 61n }, null],
    ['none if the guest never spoke', { ...guest, 'balloon.last-update': 0n }, null],
    ['some if it did', { ...guest, 'balloon.last-update': 1_772_964_000n }, 40n * 1024n],
  ])('usage: %s', (_, stats, expected) => {
    expect(row(stats)?.memoryUsage).toBe(expected);
  });

  it('current and resident are the host’s and need no guest', () => {
    const stats = { 'balloon.current': 2048n, 'balloon.rss': 1024n, 'balloon.last-update': 0n };
    expect(row(stats)).toMatchObject({ memory: 2_097_152n, memoryResident: 1_048_576n, memoryAvailable: null });
  });

  it('swap counts in both directions or not at all', () => {
    expect(row({ 'balloon.swap_in': 1n, 'balloon.swap_out': 0n })).toMatchObject({
      memorySwapIn: 1024n,
      memorySwapOut: 0n,
    });
    expect(row({ 'balloon.swap_in': 1n })).toMatchObject({ memorySwapIn: null, memorySwapOut: null });
    expect(row({ 'balloon.swap_out': 1n })).toMatchObject({ memorySwapIn: null, memorySwapOut: null });
  });
});

describe('disks', () => {
  it('only the first entry of a name counts, and numbers may have gaps', () => {
    const stats = {
      'block.0.name': 'vda',
      'block.0.rd.bytes': 1n,
      'block.1.name': 'vda',
      'block.1.rd.bytes': 2n,
      'block.7.name': 'vdb',
      'block.7.fl.times': 3n,
    };
    expect(decode(stats).instance.disks.map(({ id }) => id)).toEqual(['vda', 'vdb']);
    expect(row(stats)?.disks).toMatchObject([
      { readBytes: 1n, flushTime: null },
      { readBytes: null, flushTime: 3n },
    ]);
  });

  it.each<[Record<string, bigint>, bigint | null]>([
    [{ 'block.0.capacity': 10n, 'block.0.physical': 4n }, 10n],
    [{ 'block.0.capacity': 4n, 'block.0.physical': 10n }, 10n],
    [{ 'block.0.physical': 10n }, 10n],
    [{ 'block.0.capacity': 4n }, 4n],
    [{}, null],
  ])('the capacity of %o', (stats, capacity) => {
    expect(row({ 'block.0.name': 'vda', ...stats })?.disks[0]?.capacity).toBe(capacity);
  });
});

describe('nics', () => {
  const stats = { 'net.3.name': 'tap1', 'net.3.rx.bytes': 9n, 'net.4.name': 'tap9', 'net.4.rx.bytes': 8n };

  it('are known by their MAC; one that the XML does not name is left out', () => {
    expect(decode(stats).instance.nics).toEqual([{ id: 'fa:16:3e:00:00:01', epoch: null }]);
    expect(row(stats)?.nics).toMatchObject([{ rxBytes: 9n, txBytes: null }]);
  });

  it('are left out without an identity', () => {
    const { instance } = decodeDomain(record(stats), null, TIME, { hypervisor: 'kvm1', cpu: 'domain' });
    expect([instance.nics, instance.rows[0]?.nics]).toEqual([[], []]);
  });

  it('interfacesOf names them', () => {
    expect(interfacesOf(record(stats))).toBe('tap1 tap9');
  });
});

describe('what is not understood', () => {
  it('an unknown statistic is ignored', () => {
    expect(decode({ 'quantum.flux': 3n, 'net.count': 1n }).malformed).toBe(0);
  });

  it.each<[string, StatValue]>([
    ['a string', 'many'],
    ['a boolean', true],
    ['a double', 1.5],
    ['a negative', -1n],
  ])('%s where a counter belongs is absent, and counted', (_, value) => {
    const { instance, malformed } = decode({ 'cpu.time': value, 'block.0.name': 'vda', 'block.0.rd.bytes': value });
    expect(malformed).toBe(2);
    expect(instance.rows[0]).toMatchObject({ cpuTime: null, disks: [{ readBytes: null }] });
  });
});

it('perf events become extras by their meter names', () => {
  const stats = { 'perf.cpu_cycles': 5n, 'perf.cache_misses': 6n, 'perf.cmt': 7n };
  expect(row(stats)?.extras).toEqual([
    { name: 'perf.cpu.cycles', device: null, counter: true, value: 5n },
    { name: 'perf.cache.misses', device: null, counter: true, value: 6n },
    { name: 'perf.cmt', device: null, counter: false, value: 7n },
  ]);
});
