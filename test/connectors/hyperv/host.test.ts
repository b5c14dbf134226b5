import { afterEach, describe, expect, it } from 'vitest';
import type { Observation } from '../../../connectors/connector.ts';
import { fleet, machineSpec } from '../../fakes/hyperv/fleet.ts';
import { type Bench, bench, HOUR, NOON } from './a-host.ts';

const LP = 'Win32_PerfRawData_HvStats_HyperVHypervisorLogicalProcessor';
const OS = 'Win32_OperatingSystem';
const MIB = 1_048_576n;

let here: Bench;
afterEach(() => here.close());
const start = async (...given: Parameters<typeof bench>): Promise<Bench> => {
  here = await bench(...given);
  return here;
};

/** All of dynamic memory: four enumerations a poll. */
const DYNAMIC = {
  ...fleet(0, 1, NOON - HOUR),
  machines: [2, 4].map((n) => machineSpec(n, 'HV1', NOON - HOUR)),
};

const rowsIn = ({ hosts }: Observation) => hosts[0]?.rows ?? [];
const extrasIn = (observation: Observation) =>
  Object.fromEntries(rowsIn(observation).flatMap(({ extras }) => extras.map(({ name, value }) => [name, value])));

describe('the host', () => {
  it('is read with the inventory: four enumerations a poll as ever', async () => {
    const { fake, poll, later } = await start(DYNAMIC);
    const first = await poll();
    expect([fake.count(`Enumerate ${LP}`), fake.count(`Enumerate ${OS}`)]).toEqual([1, 1]);
    expect(rowsIn(first).filter(({ cpuTime }) => cpuTime !== null)).toHaveLength(1);
    const second = await later(10);
    expect(rowsIn(second)).toMatchObject([{ cpuTime: null, memory: null }]);
    expect((await later(10)).calls).toBe(4);
    const fifth = await later(290);
    expect([fake.count(`Enumerate ${LP}`), fake.count(`Enumerate ${OS}`)]).toEqual([2, 2]);
    expect(rowsIn(fifth).filter(({ cpuTime }) => cpuTime !== null)).toHaveLength(1);
  });

  it('tells what its processors ran and its memory, to the unit', async () => {
    const { world, poll } = await start(3);
    const seen = await poll();
    const spec = world.hosts.get('HV1');
    const up = BigInt(world.now() - world.bootedAt('HV1')) * 10n;
    const ran = world.ranOn('HV1') + (up * 64n) / 10n;
    const own = rowsIn(seen).find(({ cpuTime }) => cpuTime !== null);
    expect(own).toMatchObject({
      interval: null,
      cpuTime: ran * 100n,
      vcpus: 64n,
      memory: BigInt(spec?.memoryMb ?? 0) * MIB,
    });
    const memory = [...world.machines.values()].reduce((sum, machine) => sum + machine.memoryMbAt(world.now()), 4096);
    expect(own?.memoryUsage).toBe(BigInt(memory) * MIB);
    expect(extrasIn(seen)).toEqual({
      'compute.node.cpu.idle.time': (up * 64n - ran) * 100n,
      'compute.node.memory.free': BigInt((spec?.memoryMb ?? 0) - memory) * MIB,
      'compute.node.instances': 3n,
      'compute.node.instances.running': 3n,
    });
    const vms = seen.instances.reduce((sum, { rows }) => sum + (rows[0]?.cpuTime ?? 0n), 0n);
    expect(vms).toBeLessThanOrEqual(own?.cpuTime ?? 0n);
  });

  it('tells in every poll how many machines it has', async () => {
    const { world, poll, later } = await start(3);
    await poll();
    world.happen([...world.machines.keys()][0] ?? '', { does: 'stop' });
    const seen = await later(300);
    expect(extrasIn(seen)).toMatchObject({ 'compute.node.instances': 3n, 'compute.node.instances.running': 2n });
    expect(seen.hosts).toMatchObject([{ state: 'RUNNING', epoch: 'hv1/host', identity: { host: 'HV1' } }]);
    const times = rowsIn(seen).map(({ observedAt }) => observedAt);
    expect(times).toEqual(times.toSorted());
  });

  it('can be read as often as its machines', async () => {
    const { poll, later } = await start(DYNAMIC, {}, { hostInterval: '10s' });
    await poll();
    for (let n = 0; n < 2; n++) expect(rowsIn(await later(10)).some(({ cpuTime }) => cpuTime !== null)).toBe(true);
    expect((await later(10)).calls).toBe(6);
  });

  it('is not read where it is not wanted', async () => {
    const { fake, poll } = await start(2, {}, { hosts: false });
    expect((await poll()).hosts).toEqual([]);
    expect(fake.count(`Enumerate ${LP}`)).toBe(0);
  });

  it('of another build, without the class, is told of once; its memory comes all the same', async () => {
    const { poll, later, reported } = await start(2, { lacks: [LP] });
    const own = rowsIn(await poll()).find(({ memory }) => memory !== null);
    expect(own).toMatchObject({ cpuTime: null, vcpus: null });
    await later(300);
    const told = reported('part.failed').filter(({ part }) => part.startsWith('the host'));
    expect(told).toMatchObject([{ part: "the host's processors", reason: 'absent' }]);
  });
});
