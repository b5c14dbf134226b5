import { describe, expect, test } from 'vitest';
import { BLOCK_FIELDS, DISK } from '../../avro/batch.ts';
import type { Fleet } from '../../connectors/simulator/fleet.ts';
import { METERS } from '../../pipeline/model/meters.ts';
import { formatUuid } from '../../pipeline/model/resource.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { fleetOf, SECOND } from '../connectors/simulator/fleet-of.ts';
import { metered, pollsOf, RULES } from './metered-fleet.ts';
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

async function anHour(fleet: Fleet) {
  const polls = await pollsOf(fleet, HOUR_S);
  const { samples, drops } = metered(fleet, polls);
  return { polls, drops, samples, observed: observedIn(polls), grouped: bySeries(samples) };
}

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
      const faults = { reboot: 4, migrate: 4, hostAway: 2, wrap32: 0.5, skew: 0.2, duplicate: 0.05, reorder: 0.05 };
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
    const hour = await anHour(fleet);
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
