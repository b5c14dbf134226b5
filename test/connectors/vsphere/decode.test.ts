import { describe, expect, it } from 'vitest';
import type { Row } from '../../../avro/snapshot.ts';
import { type Catalogue, HOST_COUNTERS, resolveCounters, VM_COUNTERS } from '../../../connectors/vsphere/counters.ts';
import { type Decoded, decodeSamples, nothingMissing } from '../../../connectors/vsphere/decode.ts';
import type { Layout } from '../../../connectors/vsphere/layout.ts';
import type { Series } from '../../../connectors/vsphere/perf-answer.ts';
import { COUNTERS } from './answers.ts';

const TABLE = new Map(Object.entries(COUNTERS));
const VM: Catalogue = resolveCounters(VM_COUNTERS, [], TABLE);
const T = 1_767_225_620_000_000;
const STEP = 20_000_000;

const LAYOUT: Layout = {
  kind: 'vm',
  vcpus: 2n,
  memory: 2n << 30n,
  nics: [
    { instance: '4000', id: '00:50:56:aa:00:01' },
    { instance: '4001', id: '00:50:56:aa:00:02' },
  ],
  disks: [{ instance: 'scsi0:0', capacity: 10n << 30n }],
};

const series = (name: string, values: string, instance = ''): Series => ({
  counterId: COUNTERS[name] as number,
  instance,
  values,
});

interface Words {
  readonly layout?: Layout;
  readonly catalogue?: Catalogue;
  /** In steps of 20 s after T. */
  readonly times?: readonly number[];
  readonly interval?: number;
  readonly after?: number | null;
  readonly seen?: number | null;
  readonly until?: number;
  readonly never?: number;
}

function decode(all: readonly Series[], words: Words = {}): Decoded & { missing: ReturnType<typeof nothingMissing> } {
  const {
    layout = LAYOUT,
    catalogue = VM,
    times = [0, 1, 2],
    interval = STEP,
    after = null,
    seen = null,
    until = T + 100 * STEP,
    never = T + 200 * STEP,
  } = words;
  const missing = nothingMissing();
  const samples = times.map((step) => ({ at: T + step * STEP, interval }));
  return {
    ...decodeSamples(
      { entity: 'vm-1', samples, series: all },
      layout,
      catalogue,
      { after, seen, until, never },
      missing,
    ),
    missing,
  };
}

const column = (rows: readonly Row[], field: 'cpuTime' | 'memoryUsage'): unknown[] => rows.map((row) => row[field]);

describe('amounts', () => {
  const one = (all: readonly Series[], words: Words = {}): Row => decode(all, { times: [0], ...words }).rows[0] as Row;

  it.each<[string, string, keyof Row, bigint]>([
    ['cpu.used.summation', '20000', 'cpuTime', 20_000_000_000n],
    ['cpu.ready.summation', '7', 'cpuReady', 7_000_000n],
    ['mem.consumed.average', '1048576', 'memoryUsage', 1n << 30n],
    ['mem.consumed.average', '1048576', 'memoryResident', 1n << 30n],
    ['mem.swapinRate.average', '3', 'memorySwapIn', 61_440n],
    ['mem.swapoutRate.average', '1', 'memorySwapOut', 20_480n],
  ])('%s %s is %s', (name, value, field, amount) => {
    expect(one([series(name, value)])).toMatchObject({
      observedAt: T,
      interval: STEP,
      [field]: amount,
      vcpus: 2n,
      memory: 2n << 30n,
    });
  });

  it.each<[string, string, string, bigint]>([
    ['net.bytesRx.average', '5', 'rxBytes', 102_400n],
    ['net.bytesTx.average', '9007199254740993', 'txBytes', 9_007_199_254_740_993n * 20_480n],
    ['net.packetsRx.summation', '12', 'rxPackets', 12n],
    ['net.packetsTx.summation', '13', 'txPackets', 13n],
    ['net.droppedRx.summation', '1', 'rxDrops', 1n],
    ['net.droppedTx.summation', '2', 'txDrops', 2n],
    ['net.errorsRx.summation', '3', 'rxErrors', 3n],
    ['net.errorsTx.summation', '4', 'txErrors', 4n],
  ])('%s %s of a nic is %s', (name, value, field, amount) => {
    expect(one([series(name, value, '4001')]).nics).toMatchObject([{ [field]: null }, { [field]: amount }]);
  });

  it.each<[string, string, string, bigint]>([
    ['virtualDisk.read.average', '1', 'readBytes', 20_480n],
    ['virtualDisk.write.average', '2', 'writeBytes', 40_960n],
    ['virtualDisk.numberReadAveraged.average', '3', 'readRequests', 60n],
    ['virtualDisk.numberWriteAveraged.average', '4', 'writeRequests', 80n],
  ])('%s %s of a disk is %s', (name, value, field, amount) => {
    expect(one([series(name, value, 'scsi0:0')]).disks).toMatchObject([{ [field]: amount, capacity: 10n << 30n }]);
  });

  it('are of the interval that the sample says', () => {
    const row = one([series('net.bytesRx.average', '5', '4000')], { interval: 300_000_000 });
    expect(row).toMatchObject({ interval: 300_000_000, nics: [{ rxBytes: 1_536_000n }, {}] });
  });

  it("of a host's CPU are its share of all threads", () => {
    const catalogue = resolveCounters(HOST_COUNTERS, [], TABLE);
    const layout: Layout = { kind: 'host', vcpus: 16n, memory: null, nics: [], disks: [] };
    // 12.34 % of 16 threads for 20 s
    const row = one([series('cpu.usage.average', '1234')], { catalogue, layout });
    expect(row).toMatchObject({ cpuTime: 39_488_000_000n, vcpus: 16n });
  });
});

describe('samples', () => {
  it.each([
    ['newest first', [2, 1, 0], '30,20,10'],
    ['in any order', [1, 0, 2], '20,10,30'],
    ['twice, the first counts', [0, 1, 2, 1], '10,20,30,99'],
  ])('come %s, and are taken oldest first', (_, times, values) => {
    const { rows } = decode([series('cpu.used.summation', values)], { times });
    expect(rows.map(({ observedAt }) => (observedAt - T) / STEP)).toEqual([0, 1, 2]);
    expect(column(rows, 'cpuTime')).toEqual([10_000_000n, 20_000_000n, 30_000_000n]);
  });

  it('that were taken before are left out, whether or not the start is exclusive', () => {
    const { rows, missing } = decode([series('cpu.used.summation', '-1,-1,30')], { after: T + STEP });
    expect(column(rows, 'cpuTime')).toEqual([30_000_000n]);
    expect(missing).toEqual(nothingMissing());
  });

  it('of the near future are left for later', () => {
    const { rows, newest, missing } = decode([series('cpu.used.summation', '1,2,3')], { until: T + STEP });
    expect(rows).toHaveLength(2);
    expect(newest).toBe(T + 2 * STEP);
    expect(missing).toEqual(nothingMissing());
  });

  it('of the far future are not believed, and counted when they are new', () => {
    const words = { until: T, never: T, seen: T + STEP };
    const { rows, missing } = decode([series('cpu.used.summation', '1,2,3')], words);
    expect(rows).toHaveLength(1);
    expect(missing).toEqual({ ...nothingMissing(), quarantined: 1 });
  });

  it('without a time are malformed', () => {
    const missing = nothingMissing();
    const samples = [
      { at: null, interval: STEP },
      { at: T, interval: null },
    ];
    const decoded = decodeSamples(
      { entity: 'vm-1', samples, series: [] },
      LAYOUT,
      VM,
      { after: null, seen: null, until: T, never: T },
      missing,
    );
    expect(decoded.rows).toEqual([]);
    expect(missing.malformed).toBe(2);
  });
});

describe('missing values', () => {
  it('are null, never 0', () => {
    const { rows, missing } = decode([series('cpu.used.summation', '10,-1,'), series('mem.consumed.average', '1,1,0')]);
    expect(column(rows, 'cpuTime')).toEqual([10_000_000n, null, null]);
    expect(column(rows, 'memoryUsage')).toEqual([1024n, 1024n, 0n]);
    expect(missing).toEqual({ ...nothingMissing(), hole: 2 });
  });

  it('at the end of a series that is too short', () => {
    const { rows, missing } = decode([series('cpu.used.summation', '10'), series('mem.consumed.average', '1,1,1')]);
    expect(column(rows, 'cpuTime')).toEqual([10_000_000n, null, null]);
    expect(missing).toEqual({ ...nothingMissing(), short: 2 });
  });

  it('make no row if there is nothing else', () => {
    const { rows } = decode([series('cpu.used.summation', '10,-1,12')]);
    expect(rows.map(({ observedAt }) => (observedAt - T) / STEP)).toEqual([0, 2]);
  });

  it.each(['x', '1.5', '-2', '99999999999999999999', '9223372036854775808', '1e3'])('%s is malformed', (value) => {
    const { rows, missing } = decode([series('cpu.used.summation', `${value},1,1`)]);
    expect(rows).toHaveLength(2);
    expect(missing).toEqual({ ...nothingMissing(), malformed: 1 });
  });

  it('values of counters nobody asked for are passed over', () => {
    expect(decode([{ counterId: 1, instance: '', values: '1,2,3' }])).toMatchObject({
      rows: [],
      missing: nothingMissing(),
    });
  });
});

describe('devices', () => {
  const rx = (instance: string, value = '1'): Series => series('net.bytesRx.average', value, instance);
  const nicsOf = (all: readonly Series[], layout = LAYOUT) => decode(all, { times: [0], layout });

  it("a VM's nics go by MAC, and the host's own, told of VMs as well, are not among them", () => {
    const { nics, rows } = nicsOf([rx('vmnic0', '9'), rx('4001', '2'), rx('', '11'), rx('vmnic3', '9'), rx('4000')]);
    expect(nics.map(({ id }) => id)).toEqual(['00:50:56:aa:00:01', '00:50:56:aa:00:02']);
    expect(rows[0]?.nics.map(({ rxBytes }) => rxBytes)).toEqual([20_480n, 40_960n]);
  });

  it("a host's are", () => {
    const layout: Layout = { kind: 'host', vcpus: 16n, memory: null, nics: [], disks: [] };
    const { nics, rows } = nicsOf([rx('', '3'), rx('vmnic1', '2'), rx('vmnic0')], layout);
    expect(nics.map(({ id }) => id)).toEqual(['vmnic1', 'vmnic0']);
    expect(rows[0]?.nics.map(({ rxBytes }) => rxBytes)).toEqual([40_960n, 20_480n]);
  });

  it('what was unplugged meanwhile comes by its own key', () => {
    const { nics, disks, rows } = nicsOf([rx('4007'), series('virtualDisk.read.average', '1', 'sata0:1')]);
    expect(nics.map(({ id }) => id)).toEqual(['00:50:56:aa:00:01', '00:50:56:aa:00:02', '4007']);
    expect(disks.map(({ id }) => id)).toEqual(['scsi0:0', 'sata0:1']);
    expect(rows[0]?.nics.map(({ rxBytes }) => rxBytes)).toEqual([null, null, 20_480n]);
    expect(rows[0]?.disks).toMatchObject([
      { readBytes: null, capacity: 10n << 30n },
      { readBytes: 20_480n, capacity: null },
    ]);
  });

  it('that are not told apart are the one there is, or nobody', () => {
    const { rows, missing } = nicsOf([rx('*'), series('virtualDisk.read.average', '1', '*')]);
    expect(rows[0]?.disks[0]?.readBytes).toBe(20_480n);
    expect(rows[0]?.nics.map(({ rxBytes }) => rxBytes)).toEqual([null, null]);
    expect(missing).toEqual({ ...nothingMissing(), unclear: 1 });
  });

  it('a part of an entity, such as a processor, is not the entity', () => {
    expect(nicsOf([series('cpu.used.summation', '5', '0')]).rows).toEqual([]);
  });
});

describe('counters', () => {
  it('are found by name, the second choice where the first lacks', () => {
    const table = new Map([
      ['net.received.average', 148],
      ['cpu.used.summation', 14],
    ]);
    const { metrics, byId, absent } = resolveCounters(VM_COUNTERS, [], table);
    expect(metrics).toEqual([
      { counterId: 14, instance: '' },
      { counterId: 148, instance: '*' },
    ]);
    expect(byId.get(148)?.target).toEqual({ scope: 'nic', field: 'rxBytes' });
    expect(absent).toContain('net.bytesTx.average or net.transmitted.average');
    expect(absent).toHaveLength(15);
  });

  it("of one's own choice come as extras, in the server's unit", () => {
    const catalogue = resolveCounters(
      VM_COUNTERS,
      ['mem.active.average', 'cpu.used.summation', 'gpu.none.average'],
      TABLE,
    );
    expect(catalogue.absent).toEqual(['gpu.none.average']);
    const { rows } = decode([series('mem.active.average', '77'), series('mem.active.average', '5', '*')], {
      catalogue,
      times: [0],
    });
    expect(rows[0]?.extras).toEqual([{ name: 'vsphere.mem.active.average', device: null, counter: false, value: 77n }]);
  });
});
