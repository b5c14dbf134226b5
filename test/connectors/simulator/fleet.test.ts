import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFleet, type Fleet } from '../../../connectors/simulator/fleet.ts';
import type { Guest } from '../../../connectors/simulator/guest.ts';
import { absenceAt, bootedAt } from '../../../connectors/simulator/host.ts';
import { configOf, faultsOf, fleetOf, HOUR, SECOND, SINCE } from './fleet-of.ts';

const EVERYTHING = { instances: 20, disks: 2, nics: 2, faults: { reboot: 6, migrate: 6, hostAway: 4, wrap32: 0.5 } };
const time = fc.integer({ min: SINCE - HOUR, max: SINCE + 12 * HOUR });
const seriesOf = (guest: Guest): string[] => [
  'cpuTime',
  'cpuReady',
  'memorySwapIn',
  ...guest.disks.flatMap((disk) => [`${disk}/readBytes`, `${disk}/flushTime`]),
  ...guest.nics.flatMap((nic) => [`${nic}/rxBytes`, `${nic}/txPackets`]),
];
const livesOf = (fleet: Fleet, hours: number) =>
  fleet.guests.map((guest) => fleet.lives(guest.key, SINCE + hours * HOUR));

describe('a fleet is a function of its configuration', () => {
  test('the same seed gives the same VMs, lives and counters, in whatever order they are asked for', () => {
    const one = fleetOf(EVERYTHING);
    const other = fleetOf(EVERYTHING);
    for (const host of [...other.hosts].reverse()) absenceAt(host, SINCE + 20 * HOUR);
    for (const guest of [...other.guests].reverse()) other.lives(guest.key, SINCE + 10 * HOUR);
    const told = (fleet: Fleet) =>
      fleet.guests.map((guest) => ({
        identity: guest.identity,
        lives: fleet.lives(guest.key, SINCE + 9 * HOUR).map(({ host, ...life }) => ({ ...life, host: host.id })),
        shown: seriesOf(guest).map((series) => fleet.counterAt(guest.key, series, SINCE + 7 * HOUR + 12_345)),
      }));
    expect(told(other)).toEqual(told(one));
  });

  test('another seed gives another fleet', () => {
    expect(fleetOf({ seed: 2 }).guests[0]?.key).not.toBe(fleetOf({ seed: 1 }).guests[0]?.key);
  });

  test('uuids are of version 4 and unique, MAC addresses unique', () => {
    const { guests } = fleetOf({ instances: 500, nics: 2 });
    expect(new Set(guests.map(({ key }) => key)).size).toBe(500);
    expect(new Set(guests.flatMap(({ nics }) => nics)).size).toBe(1000);
    for (const { key } of guests) expect(key).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  });
});

describe('the truth', () => {
  const fleet = fleetOf(EVERYTHING);
  const guest = fc.constantFrom(...fleet.guests);

  test('of adjoining intervals adds up, to the unit', () => {
    fc.assert(
      fc.property(guest, fc.tuple(time, time, time), (one, times) => {
        const [from, middle, to] = times.sort((a, b) => a - b) as [number, number, number];
        for (const series of seriesOf(one))
          expect(fleet.truth(one.key, series, from, middle) + fleet.truth(one.key, series, middle, to)).toBe(
            fleet.truth(one.key, series, from, to),
          );
      }),
    );
  });

  test('is the sum of the movements of every epoch, wraps undone', () => {
    for (const one of fleet.guests)
      for (const series of seriesOf(one)) {
        const lives = fleet.lives(one.key, SINCE + 3 * HOUR);
        const moved = lives.map((life) =>
          movement(fleet, one, series, life.epoch, life.from, Math.min(life.to, SINCE + 3 * HOUR)),
        );
        expect(moved.reduce((sum, one) => sum + one, 0n)).toBe(fleet.truth(one.key, series, 0, SINCE + 3 * HOUR));
      }
  });

  test('never has a VM use more cpu than its vcpus, and always some', () => {
    fc.assert(
      fc.property(guest, time, fc.integer({ min: 1, max: HOUR }), (one, from, length) => {
        const used = fleet.truth(one.key, 'cpuTime', from, from + length);
        expect(used <= BigInt(one.flavor.vcpus) * BigInt(length) * 1000n).toBe(true);
      }),
    );
    for (const one of fleet.guests) expect(fleet.truth(one.key, 'cpuTime', SINCE, SINCE + HOUR) > 0n).toBe(true);
  });

  test('knows its VMs and their series only', () => {
    expect(() => fleet.truth('00', 'cpuTime', 0, 1)).toThrow(RangeError);
    expect(() => fleet.truth(fleet.guests[0]?.key as string, 'vdz/readBytes', 0, 1)).toThrow(RangeError);
  });

  /** Follows what is shown from a life's beginning to its end, in steps shorter than 32 bits of bytes take to fill. */
  function movement(of: Fleet, one: Guest, series: string, epoch: string, from: number, to: number): bigint {
    let total = 0n;
    let before = 0n;
    for (let at = from; at < to + 100 * SECOND; at += 100 * SECOND) {
      const shown = of.counterAt(one.key, series, Math.min(at, to - 1)).get(epoch);
      if (shown === undefined) throw new Error(`${epoch} is not listed`);
      const step = shown - before;
      total += step < 0n ? step + (1n << 32n) : step;
      before = shown;
    }
    // What fell between the last look, a microsecond before the end, and the end.
    return total + of.truth(one.key, series, to - 1, to);
  }
});

describe('counters', () => {
  test('never go back within an epoch, and begin each at 0', () => {
    const fleet = fleetOf({ ...EVERYTHING, faults: { ...EVERYTHING.faults, wrap32: 0 } });
    for (const guest of fleet.guests)
      for (const life of fleet.lives(guest.key, SINCE + 2 * HOUR)) {
        expect(fleet.counterAt(guest.key, 'cpuTime', life.listedFrom).get(life.epoch)).toBe(0n);
        let before = 0n;
        for (let at = life.from; at < Math.min(life.listedTo, life.from + HOUR); at += 60 * SECOND) {
          const shown = fleet.counterAt(guest.key, 'cpuTime', at).get(life.epoch) as bigint;
          expect(shown >= before).toBe(true);
          before = shown;
        }
      }
  });

  test('of 32-bit nics are what they would be, modulo 2^32', () => {
    const narrow = fleetOf({ instances: 5, ...faultsOf({ wrap32: 1 }) });
    const wide = fleetOf({ instances: 5 });
    for (const guest of narrow.guests) {
      const series = `${guest.nics[0]}/rxBytes`;
      const at = SINCE + 5 * HOUR;
      const [shown] = narrow.counterAt(guest.key, series, at).values();
      const [whole] = wide.counterAt(guest.key, series, at).values();
      expect((whole as bigint) > 1n << 32n).toBe(true);
      expect(shown).toBe(BigInt.asUintN(32, whole as bigint));
    }
  });
});

describe('lives', () => {
  test('without faults are one each, without end, begun before the history does', () => {
    for (const lives of livesOf(fleetOf(), 1000)) {
      expect(lives).toHaveLength(1);
      expect(lives[0]).toMatchObject({ to: Number.POSITIVE_INFINITY });
      expect(lives[0]?.from).toBeLessThan(SINCE);
    }
  });

  test('have epochs of their own, one after the other', () => {
    for (const lives of livesOf(fleetOf(EVERYTHING), 12)) {
      expect(new Set(lives.map(({ epoch }) => epoch)).size).toBe(lives.length);
      lives.slice(1).forEach((life, index) => {
        expect(life.from).toBeGreaterThanOrEqual(lives[index]?.to as number);
      });
    }
  });

  test('a migration goes to another host, with an overlap or a gap of at most two seconds', () => {
    const overlaps = { yes: 0, no: 0 };
    for (const lives of livesOf(fleetOf({ ...faultsOf({ migrate: 10 }) }), 10))
      lives.slice(1).forEach((life, index) => {
        const before = lives[index] as (typeof lives)[number];
        expect(life.host).not.toBe(before.host);
        expect(before.offAfterwards).toBe(false);
        expect(Math.abs(life.listedFrom - before.listedTo)).toBeLessThan(2 * SECOND);
        overlaps[life.listedFrom < before.listedTo ? 'yes' : 'no']++;
      });
    expect(overlaps.yes).toBeGreaterThan(50);
    expect(overlaps.no).toBeGreaterThan(50);
  });

  test('a restart stays on its host; a reboot of the guest begins no epoch', () => {
    const fleet = fleetOf(faultsOf({ reboot: 10 }));
    for (const lives of livesOf(fleet, 10)) expect(new Set(lives.map(({ host }) => host)).size).toBe(1);
    expect(fleet.guests.flatMap((guest) => guest.biography.guestReboots).length).toBeGreaterThan(50);
    for (const guest of fleet.guests)
      for (const reboot of guest.biography.guestReboots.filter((at) => at < SINCE + 10 * HOUR)) {
        const [before] = fleet.counterAt(guest.key, 'cpuTime', reboot - 1).keys();
        expect([...fleet.counterAt(guest.key, 'cpuTime', reboot).keys()]).toEqual([before]);
      }
  });

  test('a reboot of the host ends all its VMs, and nothing lives on it meanwhile', () => {
    const fleet = fleetOf({ ...faultsOf({ hostAway: 6, reboot: 4, migrate: 4 }) });
    const lives = livesOf(fleet, 10).flat();
    let reboots = 0;
    for (const host of fleet.hosts) {
      absenceAt(host, SINCE + 10 * HOUR);
      for (const absence of host.history.absences.filter(({ reboot, to }) => reboot && to < SINCE + 10 * HOUR)) {
        reboots++;
        for (const life of lives.filter((one) => one.host === host))
          expect(life.to <= absence.from || life.listedFrom >= absence.to).toBe(true);
        expect(bootedAt(host, absence.from)).toBeLessThan(absence.from);
        expect(bootedAt(host, absence.to)).toBe(absence.to);
      }
    }
    expect(reboots).toBeGreaterThan(10);
  });
});

test('ten thousand VMs are made and asked within seconds', () => {
  const fleet = createFleet(configOf({ instances: 10_000, hosts: 100 }), SINCE);
  const total = fleet.guests.reduce((sum, { key }) => sum + fleet.truth(key, 'cpuTime', SINCE, SINCE + HOUR), 0n);
  expect(total > 0n).toBe(true);
}, 20_000);
