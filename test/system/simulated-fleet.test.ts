import { describe, expect, test } from 'vitest';
import { BLOCK_FIELDS, DISK } from '../../avro/batch.ts';
import type { Poll } from '../../connectors/connector.ts';
import { phaseOf } from '../../connectors/phase.ts';
import type { Fleet } from '../../connectors/simulator/fleet.ts';
import { drawsOf } from '../../connectors/simulator/random.ts';
import { METERS } from '../../pipeline/model/meters.ts';
import { formatUuid } from '../../pipeline/model/resource.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { fleetOf, SECOND } from '../connectors/simulator/fleet-of.ts';
import { type Delivery, type Hearing, metered, pollsOf, RULES } from './metered-fleet.ts';
import { type Observed, observedIn } from './observed.ts';

/** An hour of a fleet, from its polls to finished samples, all but Kafka: cut, encoded, disturbed, decoded, metered. */
const HOUR_S = 3600;
const VMS = 24;
/** Counters that meters are made of: three of the VM itself, six of its disk, eight of its nic. */
const SERIES = VMS * (3 + 6 + 8);

/** The names of the meters that a series comes out as, and what its amounts are divided by. */
function metersOf(series: string): { readonly total: string; readonly delta: string; readonly divisor: number } | null {
  const field = series.split('/').at(-1) as string;
  const all = METERS.filter(({ kind, field: index }) => BLOCK_FIELDS[kind]?.[index] === field);
  const total = all.find(({ derivation }) => derivation === 'cumulative');
  return total ? { total: total.name, delta: `${total.name}.delta`, divisor: total.divisor } : null;
}

const isOf = (kind: number, field: string): boolean => (BLOCK_FIELDS[kind] as readonly string[]).includes(field);

/** Ceilometer's resource of a series. */
function resourceOf(fleet: Fleet, { uuid, series }: Observed): string {
  const [device, field] = series.includes('/') ? (series.split('/') as [string, string]) : ['', series];
  const id = formatUuid(uuid);
  if (device === '') return id;
  if (isOf(DISK, field)) return `${id}-${device}`;
  const identity = fleet.guests.find(({ key }) => key === uuid)?.identity;
  const tap = identity?.nics.find(({ mac }) => mac === device)?.name;
  return `${identity?.instanceName}-${id}-${tap}`;
}

const keyOf = (resource: string, meter: string, size: number): string => `${resource} ${meter} ${size}`;

/** Samples of one series and window size in the order they came out. */
function bySeries(samples: readonly Sample[]): ReadonlyMap<string, readonly Sample[]> {
  const grouped = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = keyOf(sample.resource.id, sample.name, sample.windowEnd - sample.windowStart);
    const group = grouped.get(key);
    if (group) group.push(sample);
    else grouped.set(key, [sample]);
  }
  return grouped;
}

/** A volume as a whole number of what was counted: divisors are powers of two, so nothing is lost. */
const counted = ({ volume }: Sample, divisor: number): bigint =>
  typeof volume === 'bigint' ? volume * BigInt(divisor) : BigInt(volume * divisor);

const DISTURBED: Delivery = { duplicate: 0.05, reorder: 0.05 };

async function anHour(fleet: Fleet, hears?: Hearing, seconds = HOUR_S, delivery = DISTURBED) {
  const all = await pollsOf(fleet, seconds, hears);
  // Until the last regular poll: as far as those see that hear nothing.
  const polls = all.slice(0, all.findLastIndex((poll) => isDue(poll)) + 1);
  const { samples, drops } = metered(fleet, polls, delivery);
  return { polls, drops, samples, observed: observedIn(polls), grouped: bySeries(samples) };
}

const isDue = ({ hypervisor, scheduledAt, interval }: Poll): boolean =>
  (scheduledAt - phaseOf(hypervisor, interval)) % interval === 0;

/** What holds of every series, whatever happened to the fleet. Returns how many sums were compared. */
function expectConserved(fleet: Fleet, { observed, grouped }: Awaited<ReturnType<typeof anHour>>): number {
  let compared = 0;
  for (const one of observed.values()) {
    const meters = metersOf(one.series);
    if (!meters) continue;
    for (const size of RULES.windows.sizes) {
      const name = keyOf(resourceOf(fleet, one), meters.delta, size);
      const deltas = grouped.get(name) ?? [];
      const amounts = deltas.map((sample) => counted(sample, meters.divisor));
      expect(
        amounts.every((amount) => amount >= 0n),
        `${name} is never negative`,
      ).toBe(true);
      const sum = amounts.reduce((total, amount) => total + amount, 0n);
      expect(sum, name).toBe(one.movement);
      // Nobody can read what was consumed between the last poll and the end of a life.
      expect(
        sum <= fleet.truth(one.uuid, one.series, one.firstAt, one.lastAt),
        `${name} is no more than the truth`,
      ).toBe(true);
      const starts = deltas.map(({ windowStart }) => windowStart);
      expect(new Set(starts).size, `${name} has every window once`).toBe(starts.length);
      expectMonotone(grouped.get(keyOf(resourceOf(fleet, one), meters.total, size)) ?? [], deltas, meters.divisor);
      compared++;
    }
  }
  return compared;
}

/** The continuity-corrected cumulative grows by each window's delta. */
function expectMonotone(totals: readonly Sample[], deltas: readonly Sample[], divisor: number): void {
  expect(totals.map(({ windowEnd }) => windowEnd)).toEqual(deltas.map(({ windowEnd }) => windowEnd));
  const amounts = totals.map((sample) => counted(sample, divisor));
  for (let index = 1; index < amounts.length; index++) {
    const step = (amounts[index] as bigint) - (amounts[index - 1] as bigint);
    expect(step).toBe(counted(deltas[index] as Sample, divisor));
  }
}

describe('an hour of a simulated fleet', () => {
  test.each([1, 2, 3])(
    'is conserved through reboots, migrations, wraps, absences, skew, duplicates and reordering (seed %i)',
    async (seed) => {
      const faults = { reboot: 4, migrate: 4, hostAway: 2, wrap32: 0.5, skew: 0.2 };
      const fleet = fleetOf({ seed, hosts: 4, instances: VMS, disks: 1, nics: 1, faults });
      const hour = await anHour(fleet);

      expect(expectConserved(fleet, hour)).toBe(SERIES * RULES.windows.sizes.length);
      // It was an hour worth metering.
      const { observed, polls, drops } = hour;
      const epochs = [...observed.values()].filter(({ series }) => series === 'cpuTime').map((one) => one.epochs.size);
      expect(epochs.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(100);
      expect([...observed.values()].reduce((sum, { wraps }) => sum + wraps, 0)).toBeGreaterThan(20);
      expect(polls.length).toBeLessThan(4 * 360);
      expect(drops).toEqual({ ...drops, late: 0, conflict: 0, epoch_unknown: 0, quarantined: 0, malformed: 0 });
      expect(drops.duplicate).toBeGreaterThan(0);
    },
  );

  test('without faults is what the counters moved, to the unit', async () => {
    const fleet = fleetOf({ hosts: 3, instances: VMS, disks: 1, nics: 1 });
    const hour = await anHour(fleet, undefined, HOUR_S, { duplicate: 0, reorder: 0 });
    expect(expectConserved(fleet, hour)).toBe(SERIES * RULES.windows.sizes.length);
    expect(hour.polls.length).toBe(3 * 360);
    for (const { uuid, series, movement, firstAt, lastAt } of hour.observed.values()) {
      const shown = (at: number): bigint => {
        const [value, ...others] = fleet.counterAt(uuid, series, at).values();
        expect(others).toEqual([]);
        return value as bigint;
      };
      expect(movement, `${uuid} ${series}`).toBe(shown(lastAt) - shown(firstAt));
      expect(lastAt - firstAt).toBe(3590 * SECOND);
    }
    expect(Object.values(hour.drops).filter((count) => count > 0)).toEqual([]);
  });
});

describe('what hosts tell of by themselves', () => {
  // No host is away: one that is polled earlier is missed earlier, and found again at other times.
  const faults = { reboot: 2, migrate: 2, hostAway: 0, wrap32: 0, skew: 0.2 };
  const fleetWith = (seed: number): Fleet => fleetOf({ seed, hosts: 4, instances: VMS, disks: 1, nics: 1, faults });
  const draw = drawsOf(1, 'hearing', 0);
  const unseenOf = (fleet: Fleet, { uuid, series, firstAt, lastAt, movement }: Observed): bigint =>
    fleet.truth(uuid, series, firstAt, lastAt) - movement;
  const unseenIn = (fleet: Fleet, observed: ReadonlyMap<string, Observed>): bigint =>
    [...observed.values()].reduce((sum, one) => sum + unseenOf(fleet, one), 0n);

  test.each<[string, number, Hearing]>([
    ['at once', 1, () => [0]],
    ['twice, once late', 2, () => [0, 1500]],
    ['in part, late and out of order', 3, () => (draw() < 1 / 3 ? [] : [Math.floor(draw() * 5000)])],
  ])('%s, adds what polls alone cannot see, and changes nothing else', async (_, seed, hears) => {
    const [silent, fleet] = [fleetWith(seed), fleetWith(seed)];
    const alone = await anHour(silent, undefined, HOUR_S / 2);
    const hour = await anHour(fleet, hears, HOUR_S / 2);
    expectConserved(silent, alone);
    expect(expectConserved(fleet, hour)).toBe(SERIES * RULES.windows.sizes.length);
    const dues = (polls: readonly Poll[]): number[] => polls.filter(isDue).map(({ scheduledAt }) => scheduledAt);
    expect(dues(hour.polls)).toEqual(dues(alone.polls));
    expect(hour.polls.length).toBeGreaterThan(alone.polls.length);
    let whole = 0;
    for (const [key, one] of alone.observed) {
      const other = hour.observed.get(key) as Observed;
      const [without, with_] = [unseenOf(silent, one), unseenOf(fleet, other)];
      // Due polls begin within a millisecond of their time, not always at the same point of it.
      expect(with_, key).toBeLessThanOrEqual(without + one.movement / 10_000n + 16n);
      if (one.epochs.size > 1) continue;
      expect([without, with_], key).toEqual([0n, 0n]);
      whole++;
    }
    expect(whole).toBeGreaterThan(0);
    const [before, after] = [unseenIn(silent, alone.observed), unseenIn(fleet, hour.observed)];
    expect(after).toBeLessThan(before);
    // Announced a fifth of a second before: of what a life did since its last poll little is left unseen.
    if (seed === 1) expect(after * 10n).toBeLessThan(before);
    expect(hour.drops).toEqual({ ...hour.drops, late: 0, conflict: 0, epoch_unknown: 0, quarantined: 0, malformed: 0 });
  });
});
