import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COUNTERS, counterTable, keyOf } from './counters.ts';
import { fleet, hostSpec, machineSpec, uuidOf } from './fleet.ts';
import type { LifeEvent } from './life.ts';
import { amount, exactAmount, loadOf, steady } from './load.ts';
import type { MachineSpec } from './machine.ts';
import type { Quantity } from './metered.ts';
import { bounds, type Quantising, SAMPLE_US, seriesOf } from './quantise.ts';
import { KEPT, World, type WorldOptions } from './world.ts';

const T0 = Date.UTC(2026, 10, 26, 12) * 1000;
const SECOND = 1_000_000;
const at = (seconds: number): number => T0 + seconds * SECOND;

/** One machine on two hosts, and a clock that is set by hand. */
function bench(life: readonly LifeEvent[], changes: Partial<WorldOptions> = {}, machine: Partial<MachineSpec> = {}) {
  const clock = { now: T0 };
  const spec = machineSpec(1, 'host-1', T0, { ...machine, life });
  const hosts = [hostSpec(1), hostSpec(2)];
  const world = new World({ mode: 'vcenter', hosts, machines: [spec], now: () => clock.now, ...changes });
  return { world, clock, vm: world.machine('vm-1') };
}

const bornAndOn: readonly LifeEvent[] = [
  { at: at(0), does: 'create', host: 'host-1' },
  { at: at(0), does: 'powerOn' },
];
const stamps = (world: World, wanted = {}): readonly number[] =>
  world.samples(world.metered('vm-1'), wanted).map(({ stamp }) => (stamp - T0) / SECOND);

describe('a load', () => {
  const moment = fc.integer({ min: T0, max: T0 + 90_000 * SECOND });
  it('gives by numbers what bigints give, adds up, and never shrinks', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.nat(2_000_000_000),
        fc.nat(2_000_000),
        moment,
        moment,
        moment,
        (seed, base, scale, ...times) => {
          const [a, b, c] = times.sort((x, y) => x - y) as [number, number, number];
          const load = loadOf(seed, base, scale);
          const whole = exactAmount(load, a, c);
          expect(exactAmount(load, a, b) + exactAmount(load, b, c)).toBe(whole);
          expect(BigInt(amount(load, a, b))).toBe(exactAmount(load, a, b));
          expect(exactAmount(load, a, b) >= 0n).toBe(true);
          expect(whole <= (BigInt(base + 1000 * scale) * BigInt(c - a)) / 1_000_000n + 1n).toBe(true);
        },
      ),
    );
  });

  it('of a steady kind is what one reckons in one’s head', () => {
    expect(exactAmount(steady(1_000_000_000), at(0), at(86_400))).toBe(86_400_000_000_000n);
    expect(amount(steady(7), at(0.5), at(2))).toBe(14 - 3);
  });
});

describe('the samples of a machine', () => {
  it('lie on the grid of 20 s, the newest last, an hour of them', () => {
    const { world, clock } = bench(bornAndOn);
    clock.now = at(70);
    expect(stamps(world)).toEqual([20, 40, 60]);
    clock.now = at(7207);
    expect(stamps(world)).toHaveLength(KEPT);
    expect(stamps(world).at(-1)).toBe(7200);
    expect(stamps(world)[0]).toBe(7200 - 179 * 20);
  });

  it('come after a start, until an end, and the newest of them', () => {
    const { world, clock } = bench(bornAndOn);
    clock.now = at(200);
    expect(stamps(world, { after: at(140) })).toEqual([160, 180, 200]);
    expect(stamps(world, { after: at(140), upTo: at(180) })).toEqual([160, 180]);
    expect(stamps(world, { after: at(20), most: 2 })).toEqual([180, 200]);
    expect(stamps(world, { after: at(9999) })).toEqual([]);
  });

  it('are stamped by the clock of its host', () => {
    const { world, clock } = bench(bornAndOn, { hosts: [hostSpec(1, { skewUs: 7 * SECOND }), hostSpec(2)] });
    clock.now = at(34);
    expect(stamps(world)).toEqual([20, 40]);
    expect(world.samples(world.metered('vm-1'))[1]).toMatchObject({ stamp: at(40), from: at(13), to: at(33) });
  });

  it('can be read some time after their end', () => {
    const { world, clock } = bench(bornAndOn, { delayUs: 5 * SECOND });
    clock.now = at(64);
    expect(stamps(world)).toEqual([20, 40]);
    clock.now = at(65);
    expect(stamps(world)).toEqual([20, 40, 60]);
  });

  const eventful: readonly LifeEvent[] = [
    ...bornAndOn,
    { at: at(130), does: 'move', host: 'host-2' },
    { at: at(250), does: 'powerOff' },
    { at: at(301), does: 'powerOn' },
  ];
  it('begin anew on another host and at another start', () => {
    const { world, clock } = bench(eventful);
    const seen = [129, 135, 140, 249, 251, 310, 330].map((now) => {
      clock.now = at(now);
      return stamps(world);
    });
    expect(seen).toEqual([[20, 40, 60, 80, 100, 120], [], [140], [140, 160, 180, 200, 220, 240], [], [], [320]]);
  });

  it('stay for the hour where the world is such', () => {
    const { world, clock } = bench(eventful, { history: 'all' });
    clock.now = at(330);
    expect(stamps(world)).toEqual([20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220, 240, 320]);
  });

  it('of two hosts whose clocks differ still rise', () => {
    const hosts = [hostSpec(1, { skewUs: 45 * SECOND }), hostSpec(2)];
    const { world, clock } = bench(eventful, { history: 'all', hosts });
    clock.now = at(200);
    const all = stamps(world);
    expect(all).toEqual([...new Set(all)].sort((a, b) => a - b));
    expect(all.at(-1)).toBe(200);
  });
});

const QUANTITIES: readonly (readonly [name: string, quantity: Quantity, device: string])[] = [
  ['cpu.used.summation', 'cpuUsed', ''],
  ['cpu.ready.summation', 'cpuReady', ''],
  ['net.bytesRx.average', 'rxBytes', '4000'],
  ['net.transmitted.average', 'txBytes', '4001'],
  ['net.packetsRx.summation', 'rxPackets', '4000'],
  ['net.droppedTx.summation', 'txDropped', '4001'],
  ['virtualDisk.read.average', 'readBytes', 'scsi0:0'],
  ['virtualDisk.numberWriteAveraged.average', 'writeRequests', 'sata1:3'],
  ['mem.swapinRate.average', 'swapInBytes', ''],
];
const WAYS: readonly Quantising[] = [
  { remainder: 'carried', rates: 'rounded' },
  { remainder: 'dropped', rates: 'floored' },
];

describe.each(WAYS)('a day of samples, $remainder and $rates', (by) => {
  const devices: Partial<MachineSpec> = {
    vcpus: 8,
    nics: [
      { key: 4000, mac: '00:50:56:00:00:01', network: 'a' },
      { key: 4001, mac: '00:50:56:00:00:02', network: 'b' },
    ],
    disks: [
      { controller: 'scsi', bus: 0, unit: 0, capacityBytes: 2 ** 30 },
      { controller: 'sata', bus: 1, unit: 3, capacityBytes: 2 ** 31 },
    ],
  };
  const life: readonly LifeEvent[] = [
    { at: at(3.25), does: 'create', host: 'host-1' },
    { at: at(3.25), does: 'powerOn' },
    { at: at(40_000.125), does: 'move', host: 'host-2' },
    { at: at(40_700), does: 'powerOff' },
    { at: at(41_000.000007), does: 'powerOn' },
  ];

  it.each(QUANTITIES)('%s adds up to the truth within the bound', (name, quantity, device) => {
    const hosts = [hostSpec(1, { skewUs: 3_141_592 }), hostSpec(2, { skewUs: -1_700_000 })];
    const { world, clock, vm } = bench(life, { hosts, history: 'all' }, devices);
    const key = keyOf(counterTable('vcenter'), name);
    const counter = COUNTERS.find((each) => each.name === name);
    if (counter === undefined) throw new Error(name);
    const series = seriesOf(vm, key, counter, by).find(({ instance }) => instance === device);
    let sum = 0n;
    let truth = 0n;
    let samples = 0;
    let last = 0;
    for (let now = at(1800); now <= at(86_400); now += 1800 * SECOND) {
      clock.now = now;
      for (const sample of world.samples(vm, { after: last })) {
        const value = series?.value(sample) ?? Number.NaN;
        expect(value).toSatisfy(Number.isSafeInteger);
        const unit = counter.reading.is === 'sum' || counter.reading.is === 'rate' ? counter.reading.divisor : 0;
        const said = BigInt(value) * BigInt(unit) * (counter.reading.is === 'rate' ? 20n : 1n);
        const used = world.truth('vm-1', quantity, device, sample.from, sample.to);
        // A remainder that is carried may make one sample higher by less than a unit.
        const one = bounds(counter.reading, by, 1);
        expect(said - used).toSatisfy((error: bigint) => error >= -BigInt(one.low) && error <= BigInt(one.high));
        sum += said;
        truth += used;
        samples++;
        last = sample.stamp;
      }
    }
    const { low, high } = bounds(counter.reading, by, samples);
    // Each of the four runs leaves a remainder of its own.
    const runs = by.remainder === 'carried' && counter.reading.is === 'sum' ? vm.runs.length : 1;
    expect(samples).toBeGreaterThan(4200);
    expect(truth).toBeGreaterThan(0n);
    expect(sum - truth).toSatisfy((error: bigint) => error >= -BigInt(low * runs) && error <= BigInt(high * runs));
  });

  it('the truth of the samples is the truth of the run but for its ends', () => {
    const { world, clock } = bench(life, { history: 'all' }, devices);
    clock.now = at(3600);
    const last = stamps(world).at(-1) ?? 0;
    const sampled = world.sampledTruth('vm-1', 'cpuUsed', '');
    expect(sampled).toBe(world.truth('vm-1', 'cpuUsed', '', at(0), at(last)));
  });
});

it('the whole of the nics and of the disks is the sum of their truths', () => {
  const { world } = bench(bornAndOn);
  const sum = world.truth('vm-1', 'rxBytes', '4000', at(0), at(100));
  expect(world.truth('vm-1', 'rxBytes', '', at(0), at(100))).toBe(sum);
});

it('a clone may bear the instance uuid of another', () => {
  const { world, clock } = bench(bornAndOn);
  world.add(machineSpec(2, 'host-1', at(10), { instanceUuid: uuidOf('machine 1') }));
  clock.now = at(11);
  expect(world.machine('vm-2').spec.instanceUuid).toBe(world.machine('vm-1').spec.instanceUuid);
  expect(world.truth('vm-2', 'cpuUsed', '', at(0), at(10))).toBe(0n);
});

it('a revision grows with every event that has been', () => {
  const { world, clock, vm } = bench(bornAndOn);
  const before = vm.revision(clock.now);
  world.happen('vm-1', { does: 'rename', name: 'other' });
  expect(vm.revision(clock.now)).toBe(before + 1);
  expect(vm.stateAt(clock.now).name).toBe('other');
  expect(vm.runs).toHaveLength(1);
});

it('keys of counters are other ones in each mode, and no key is that of vcsim', () => {
  const vcenter = counterTable('vcenter');
  const esx = counterTable('esx');
  const both = [...vcenter.keys()].filter((key) => esx.has(key));
  expect(both).toEqual([]);
  expect(vcenter.size).toBe(COUNTERS.length);
  expect(keyOf(vcenter, 'cpu.used.summation')).not.toBe(14);
  expect([...esx.values()].map(({ name }) => name)).not.toContain('disk.used.latest');
  expect([...counterTable('esx', ['net.bytesRx.average']).values()].map(({ name }) => name)).not.toContain(
    'net.bytesRx.average',
  );
});

it('every machine of a fleet has an hour of samples', () => {
  const { hosts, machines } = fleet('vcenter', 1000, 4, T0);
  const world = new World({ mode: 'vcenter', hosts, machines, now: () => at(3600) });
  const one = world.samples(world.metered('vm-1000'));
  expect(one).toHaveLength(KEPT);
  expect((one[1]?.stamp ?? 0) - (one[0]?.stamp ?? 0)).toBe(SAMPLE_US);
});
