import { describe, expect, it } from 'vitest';
import { halvesOf, type PerfTarget, partsOf, planBatches, Throttle } from '../../../connectors/vsphere/batches.ts';

const LIMIT = { entities: 250, metrics: 5000, values: 1_000_000 };
const target = (id: string, ids = 17, values = 51): PerfTarget => ({
  entity: { type: 'VirtualMachine', id },
  metrics: Array.from({ length: ids }, (_, n) => ({ counterId: n, instance: '' })),
  startTime: 0,
  maxSample: 3,
  layout: { kind: 'vm', vcpus: null, memory: null, nics: [], disks: [] },
  bootTime: null,
  isBehind: false,
  values,
});
const many = (count: number, ids?: number, values?: number): PerfTarget[] =>
  Array.from({ length: count }, (_, n) => target(`vm-${n}`, ids, values));
const sizes = (...wanted: Parameters<typeof planBatches>): number[] =>
  planBatches(...wanted).map(({ length }) => length);

describe('batches', () => {
  it.each<[string, PerfTarget[], PerfTarget[], number[]]>([
    ['nothing is no call', [], [], []],
    ['300 VMs and 4 hosts are two calls', many(300), many(4, 12), [250, 54]],
    ['500 VMs and 4 hosts as well: hosts ride along', many(500), many(4, 12), [250, 254]],
    ['too many ids', many(300, 50), [], [100, 100, 100]],
    ['hosts that are too many ids', many(250, 20), many(4, 12), [250, 4]],
    ['an hour of samples', many(300, 17, 17 * 180), [], [250, 50]],
    ['an hour of many devices', many(300, 17, 60 * 180), [], [92, 92, 92, 24]],
    ['a host of its own', [], many(3), [3]],
    ['more ids than fit', many(2, 6000), [], [1, 1]],
  ])('%s', (_, vms, hosts, expected) => {
    expect(sizes(vms, hosts, LIMIT)).toEqual(expected);
  });

  it('keep everyone, in order', () => {
    const vms = many(777);
    expect(planBatches(vms, many(9), LIMIT).flat()).toEqual([...vms, ...many(9)]);
  });

  it.each([
    [5, [3, 2]],
    [2, [1, 1]],
    [1, [1]],
  ])('of %i are halved', (count, expected) => {
    expect(halvesOf(many(count)).map(({ length }) => length)).toEqual(expected);
  });
});

it('batches that were planned for more are cut', () => {
  expect(partsOf(many(7), 3).map(({ length }) => length)).toEqual([3, 3, 1]);
});

describe('the throttle', () => {
  it('halves what was too much, stays there for some polls, and comes back step by step', () => {
    const throttle = new Throttle(LIMIT);
    expect(throttle.limit).toEqual(LIMIT);
    throttle.halve(250);
    throttle.halve(250);
    expect(throttle.limit).toEqual({ entities: 125, metrics: 2500, values: 500_000 });
    throttle.halve(54);
    expect(throttle.limit.entities).toBe(62);
    for (let n = 0; n < 5; n++) {
      throttle.recover();
      expect(throttle.limit.entities).toBe(62);
    }
    const steps: number[] = [];
    while (throttle.limit.entities < 250) {
      throttle.recover();
      steps.push(throttle.limit.entities);
    }
    expect(steps.slice(0, 3)).toEqual([78, 93, 109]);
    expect(steps).toHaveLength(12);
  });

  it('leaves one at least', () => {
    const throttle = new Throttle(LIMIT);
    for (let n = 0; n < 20; n++) throttle.halve(throttle.limit.entities);
    expect(throttle.limit.entities).toBe(1);
  });

  it('is half of what a server says is too much', () => {
    const throttle = new Throttle(LIMIT);
    throttle.exceed(54);
    expect(throttle.limit).toEqual({ entities: 27, metrics: 540, values: 108_000 });
  });

  it('learns nothing of the size from a call for one', () => {
    const throttle = new Throttle(LIMIT);
    throttle.halve(1);
    expect(throttle.limit).toEqual(LIMIT);
  });

  it('goes down one step where nothing was little enough', () => {
    const throttle = new Throttle(LIMIT);
    const { share } = throttle;
    for (let n = 0; n < 20; n++) throttle.halve(throttle.limit.entities);
    throttle.halveOnceFrom(share);
    expect(throttle.limit.entities).toBe(125);
  });
});
