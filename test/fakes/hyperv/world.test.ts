import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { steady } from '../vsphere/load.ts';
import type { Counter } from './counters.ts';
import { fleet, hostSpec, machineSpec } from './fleet.ts';
import { World } from './world.ts';

const NOON = Date.UTC(2026, 10, 26, 12) * 1000;
const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const COUNTERS: readonly Counter[] = ['totalRunTime', 'rxBytes', 'writeRequests'];

function one(changes: Parameters<typeof machineSpec>[3] = {}) {
  const clock = { now: NOON };
  const machine = machineSpec(1, 'HV1', NOON, changes);
  const hosts = [hostSpec(1, NOON - MINUTE), hostSpec(2, NOON - MINUTE)];
  const world = new World({ hosts, machines: [machine], now: () => clock.now });
  return { world, clock, guid: machine.guid };
}

describe('a truth', () => {
  it('is of the seconds in which the machine ran', () => {
    const { world, clock, guid } = one({ loads: () => steady(1000) });
    const at = (seconds: number) => NOON + seconds * SECOND;
    clock.now = at(10);
    world.happen(guid, { does: 'stop' });
    clock.now = at(20);
    world.happen(guid, { does: 'start' });
    expect(world.truth(guid, 'rxBytes', '', at(0), at(30))).toBe(20_000n);
    expect(world.truth(guid, 'rxBytes', '', at(12), at(18))).toBe(0n);
    // Two processors, and both the guest and the hypervisor.
    expect(world.truth(guid, 'totalRunTime', '', at(0), at(10))).toBe(40_000n);
  });

  it('adds up, wherever it is cut', () => {
    const { world, guid } = one();
    const times = fc.array(fc.integer({ min: 0, max: 3600 * SECOND }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(times, fc.constantFrom(...COUNTERS), (offsets, counter) => {
        const [a = 0, b = 0, c = 0] = offsets.sort((x, y) => x - y).map((offset) => NOON + offset);
        const sum = world.truth(guid, counter, '', a, b) + world.truth(guid, counter, '', b, c);
        expect(sum).toBe(world.truth(guid, counter, '', a, c));
      }),
    );
  });

  it('is larger than 2^53 where the load is', () => {
    const { world, guid } = one({ loads: () => steady(2 ** 52) });
    expect(world.truth(guid, 'rxBytes', '', NOON, NOON + 1000 * SECOND)).toBe(1000n * 2n ** 52n);
  });

  it('never exceeds what processors can run', () => {
    const { world, guid } = one();
    for (let second = 0; second < 300; second++) {
      const from = NOON + second * SECOND;
      expect(world.truth(guid, 'totalRunTime', '0', from, from + SECOND)).toBeLessThan(10_000_000n);
    }
  });
});

describe('what is shown', () => {
  it('is what was used since the machine began to run there', () => {
    const { world, clock, guid } = one();
    const shows = (since: number) => {
      for (const counter of COUNTERS)
        expect(world.shown(guid, counter, '')).toBe(world.truth(guid, counter, '', since, clock.now));
    };
    clock.now += 90 * SECOND;
    shows(NOON);
    for (const event of [{ does: 'reset' }, { does: 'move', host: 'HV2' }] as const) {
      const since = clock.now;
      world.happen(guid, event);
      clock.now += 7 * SECOND;
      shows(since);
    }
    expect(world.on('HV2').map(({ spec }) => spec.guid)).toEqual([guid]);
    expect(world.on('HV1')).toEqual([]);
    world.happen(guid, { does: 'save' });
    expect(world.shown(guid, 'rxBytes', '')).toBeNull();
  });

  it('goes on when the machine gets another name', () => {
    const { world, clock, guid } = one();
    clock.now += 90 * SECOND;
    world.happen(guid, { does: 'rename', name: 'other' });
    clock.now += SECOND;
    expect(world.machine(guid).stateAt(clock.now)).toMatchObject({ name: 'other', nameAtStart: 'instance-00000001' });
    expect(world.shown(guid, 'rxBytes', '')).toBe(world.truth(guid, 'rxBytes', '', NOON, clock.now));
  });

  it('begins again with the host', () => {
    const { world, clock, guid } = one();
    clock.now += 90 * SECOND;
    world.reboot('HV1');
    clock.now += SECOND;
    expect(world.bootedAt('HV1')).toBe(NOON + 90 * SECOND);
    expect(world.shown(guid, 'rxBytes', '')).toBe(world.truth(guid, 'rxBytes', '', NOON + 90 * SECOND, clock.now));
  });
});

it('a fleet has GUIDs, adapters and paths of its own for every machine', () => {
  const { machines } = fleet(100, 4, NOON);
  const all = machines.flatMap(({ guid, nics, vhds }) => [guid, ...nics.map((nic) => nic.guid), ...vhds]);
  expect(new Set(all).size).toBe(300);
});
