import { describe, expect, test } from 'vitest';
import type { Row } from '../../avro/snapshot.ts';
import { DROP_REASONS } from '../../pipeline/model/flags.ts';
import type { Rules } from '../../pipeline/model/rules.ts';
import type { Vm } from '../fakes/xenapi/life.ts';
import { steady } from '../fakes/xenapi/load.ts';
import { rrddDown } from '../fakes/xenapi/reaction.ts';
import { sampleVm, sampleWorld } from '../fakes/xenapi/sample-world.ts';
import type { World } from '../fakes/xenapi/world.ts';
import { meter } from './metered-polls.ts';
import { XenapiDay } from './xenapi-day.ts';
import { publishedAmounts, readAmounts } from './xenapi-published.ts';
import { archived, atBreaks, breaksOf, isAtBreak, judge, keyOf, lastListed, rowsOf, SERIES } from './xenapi-truth.ts';

/** 2026-03-08T00:00:00Z */
const MIDNIGHT = 1_772_928_000_000_000;
const SECOND = 1e6;
/** Of the day's time; in microseconds. */
const at = (hour: number, minute = 0, second = 0): number => MIDNIGHT + (hour * 3600 + minute * 60 + second) * SECOND;

const RULES: Rules = {
  windows: { sizes: [60 * SECOND, 300 * SECOND], graces: ['auto', 'auto'], anchored: false, revise: false },
  counters: { maxSkew: 60 * SECOND, fillMax: 1000, edge: false },
  reorder: 60 * SECOND,
};

/** Loads that are the same at all times: what a row says of them is exact but for its 32 bits. */
const evenLoads = (number: number): Partial<Vm> => {
  const { nics, disks, cpus } = sampleVm('pool', number);
  return {
    cpus: cpus.map((_, i) => steady(123_456_789 + number + i)),
    nics: nics.map((nic) => ({ ...nic, rx: steady(1_234_567 + number), tx: steady(76_543) })),
    disks: disks.map((disk) => ({
      ...disk,
      read: steady(4_096 * 33),
      write: steady(512 * 7),
      readRequests: steady(33),
      writeRequests: steady(7),
    })),
  };
};

/** Three hosts, nine guests of which every second has even loads, and what becomes of them in a day. */
function aDay(): { readonly world: World; readonly vms: readonly Vm[] } {
  const world = sampleWorld({ startedAt: MIDNIGHT, hosts: 3, vms: 0, skewsUs: [0, 40_000, -25_000] });
  const vms = Array.from({ length: 9 }, (_, n) => sampleVm('pool', n, n % 2 === 0 ? evenLoads(n) : {}));
  const births: Readonly<Record<number, number>> = { 7: at(5), 8: at(6, 30) };
  for (const [n, vm] of vms.entries()) {
    world.add(vm, births[n] ?? MIDNIGHT);
    if (!(n in births)) world.happen(vm.uuid, { at: MIDNIGHT, what: 'start', host: Math.floor(n / 3) });
  }
  const happen = (n: number, when: number, deed: object): void =>
    world.happen((vms[n] as Vm).uuid, { at: when, ...deed } as Parameters<World['happen']>[1]);
  happen(1, at(3, 20, 13), { what: 'migrate', host: 1 });
  happen(1, at(9, 10, 31), { what: 'migrate', host: 2 });
  happen(1, at(20, 0, 2), { what: 'migrate', host: 0 });
  happen(2, at(2, 0, 20), { what: 'halt' });
  happen(2, at(4, 0, 11), { what: 'start', host: 0 });
  happen(2, at(12, 30, 45), { what: 'halt' });
  happen(2, at(12, 33, 40), { what: 'start', host: 0 });
  happen(2, at(19, 0, 50), { what: 'halt' });
  happen(2, at(19, 20, 5), { what: 'start', host: 1 });
  for (const when of [at(1, 0, 10), at(6, 30, 42), at(14)]) happen(3, when, { what: 'reboot' });
  happen(4, at(5, 0, 4), { what: 'migrate', host: 2 });
  happen(4, at(5, 30, 57), { what: 'migrate', host: 1 });
  happen(5, at(8, 0, 33), { what: 'suspend' });
  happen(5, at(8, 40), { what: 'start', host: 1 });
  happen(5, at(18, 20, 21), { what: 'migrate', host: 2 });
  happen(7, at(5, 1, 10), { what: 'start', host: 2 });
  happen(7, at(7), { what: 'rename', name: 'another name' });
  happen(7, at(10, 0, 15), { what: 'halt' });
  happen(7, at(10, 5), { what: 'delete' });
  happen(8, at(6, 31), { what: 'start', host: 2 });
  happen(8, at(21, 0, 40), { what: 'delete' });
  return { world, vms };
}

/** What goes wrong between the pool and the collector. */
async function live(day: XenapiDay): Promise<void> {
  const { pool } = day;
  const cut = async (hosts: readonly number[], from: number, until: number): Promise<void> => {
    await day.run(from);
    for (const host of hosts) await pool.stopHost(host);
    await day.run(until);
    for (const host of hosts) await pool.startHost(host);
  };
  const without = async (hosts: readonly number[], from: number, until: number): Promise<void> => {
    await day.run(from);
    pool.react = rrddDown(hosts);
    await day.run(until);
    pool.react = undefined;
  };
  await without([0, 1, 2], at(1, 30), at(1, 35));
  await cut([1], at(3, 40), at(4, 30));
  await cut([0, 1, 2], at(6), at(7, 50));
  await cut([0, 1, 2], at(10, 30), at(12, 40));
  await day.run(at(13, 30));
  pool.expireSessions();
  await day.run(at(14, 10));
  pool.setCoordinator(1);
  await day.run(at(15));
  pool.loseEvents();
  await day.run(at(16, 30));
  await day.restart();
  await day.run(at(17, 20));
  pool.disconnect();
  await day.run(at(18));
  await day.idle(at(18, 50));
  await cut([0], at(20, 30), at(20, 35));
  await without([2], at(22), at(23, 50));
  await day.run(at(24));
}

/** Rows that a VM's archive held and that nobody read, seconds; without those whose VM was off. */
function unread(world: World, vm: Vm, own: ReadonlyMap<number, Row>, stepS: number, untilUs: number): number[] {
  const isKnown = (values: ReadonlyMap<string, number>): boolean => [...values.values()].some(Number.isFinite);
  const covered = new Set(
    [...own.values()].flatMap(({ observedAt, interval }) => {
      const end = observedAt / SECOND;
      return Array.from({ length: (interval ?? 0) / SECOND / stepS }, (_, n) => end - n * stepS);
    }),
  );
  return [...archived(world, vm, stepS, untilUs)]
    .filter(([t, values]) => !covered.has(t) && isKnown(values) && world.running(vm.uuid, t * SECOND - 1))
    .map(([t]) => t);
}

/** The last rows of a VM before it was off: its columns were gone before they were asked for. */
const isTail = (world: World, { uuid }: Vm, t: number, withinS: number): boolean =>
  world
    .domains(uuid)
    .some(
      ({ until }, n, all) => all[n + 1]?.from !== until && t * SECOND <= until && t * SECOND > until - withinS * SECOND,
    );

/** What was read is what the archives held, and the archives what was consumed. Returns the residuals. */
function expectTrue(world: World, vms: readonly Vm[], rows: ReturnType<typeof rowsOf>, digits?: number) {
  const residual = { rows: 0, ppm: 0, evenPpm: 0, bounded: 0, breaks: 0, hiddenPpm: 0, shownPpm: 0 };
  for (const [n, vm] of vms.entries()) {
    const own = [...(rows.get(keyOf(vm)) ?? new Map<number, Row>()).values()];
    const breaks = breaksOf(world, vm);
    const clean = own.filter((row) => !isAtBreak(breaks, row));
    residual.rows += own.length;
    residual.breaks += breaks.length;
    for (const [name, series] of Object.entries(SERIES)) {
      const { read, truth, bound } = judge(world, vm, clean, series, digits);
      const off = Math.abs(Number(read - truth));
      expect(off, `${vm.name} ${name}: off by ${off}, ${bound} are allowed`).toBeLessThanOrEqual(bound);
      expect(truth).toBeGreaterThan(1000n);
      const ppm = (off / Number(truth)) * 1e6;
      if (n % 2 === 0) residual.evenPpm = Math.max(residual.evenPpm, ppm);
      residual.ppm = Math.max(residual.ppm, ppm);
      residual.bounded = Math.max(residual.bounded, off / bound);
      const all = judge(world, vm, own, series, digits);
      const { hidden, most } = atBreaks(world, vm, breaks, series);
      const amiss = Math.abs(Number(all.read - all.truth));
      expect(amiss, `${vm.name} ${name}: off by ${amiss}, at breaks`).toBeLessThanOrEqual(
        all.bound + most + Number(hidden),
      );
      residual.hiddenPpm = Math.max(residual.hiddenPpm, (Number(hidden) / Number(all.truth)) * 1e6);
      residual.shownPpm = Math.max(residual.shownPpm, (amiss / Number(all.truth)) * 1e6);
    }
  }
  return residual;
}

/** Every series comes out as it was read, to the unit, nothing twice, nothing negative. */
function expectPublished({ polls }: XenapiDay) {
  const read = readAmounts(polls);
  const { samples, drops } = meter(polls, RULES);
  let published: ReadonlyMap<string, bigint> = new Map();
  for (const size of RULES.windows.sizes) {
    const { sums, negative, repeated } = publishedAmounts(samples, size);
    expect({ negative, repeated }).toEqual({ negative: 0, repeated: 0 });
    published = sums;
    expect(new Map([...sums].filter(([, amount]) => amount > 0n).sort())).toEqual(
      new Map([...read].filter(([, amount]) => amount > 0n).sort()),
    );
  }
  expect(drops).toEqual({ ...NO_DROPS, duplicate: drops.duplicate });
  return { series: read.size, duplicates: drops.duplicate, published };
}

const NO_DROPS = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0]));

/** How often an event told of something, by its reason. */
const told = ({ events }: XenapiDay, event: string, reason: string): number =>
  events.reduce(
    (sum, each) =>
      sum + (each.event === event && 'reason' in each && each.reason === reason && 'count' in each ? each.count : 0),
    0,
  );

describe('a day of a pool', () => {
  test('is metered to the row', { timeout: 120_000 }, async () => {
    const { world, vms } = aDay();
    const day = await XenapiDay.begin({ world, startUs: at(0, 10), pollS: 60 });
    await live(day);
    expect(await day.end()).toBe(0);

    const rows = rowsOf(day.polls);
    const lost = new Map(vms.map((vm) => [vm, unread(world, vm, rows.get(keyOf(vm)) ?? new Map(), 60, at(23, 59))]));
    const isOlder = (t: number): boolean => t * SECOND >= at(10, 30) && t * SECOND <= at(10, 42);
    for (const [vm, times] of lost) {
      const others = times.filter((t) => !isOlder(t));
      expect(others.filter((t) => !isTail(world, vm, t, 120))).toEqual([]);
    }
    const older = [...lost.values()].flat().filter(isOlder).length;
    // Eight VMs ran, and three hosts; one VM was another domain afterwards and had to settle.
    expect(older).toBe(8 * 12 + 1);
    expect(told(day, 'values.missing', 'hole')).toBe(11 * 12 + 1);
    expect(told(day, 'values.missing', 'coarser')).toBe(0);

    const residual = expectTrue(world, vms, rows);
    const { series, duplicates, published } = expectPublished(day);
    expect(duplicates).toBeGreaterThan(8 * 100 * 7);
    for (const { uuid } of world.hosts)
      for (const meter of [
        `${uuid}//compute.node.cpu.time.delta`,
        `${uuid}/eth0/compute.node.network.incoming.bytes.delta`,
      ])
        expect(published.get(meter), meter).toBeGreaterThan(1000n);
    expect([...day.failures]).toEqual([['unreachable', 110 + 130]]);
    expect(lastListed(day.polls, keyOf(vms[7] as Vm))).toMatchObject({ identity: { name: 'another name' } });
    for (const n of [7, 8]) expect(lastListed(day.polls, keyOf(vms[n] as Vm))?.deletedAt).toBeGreaterThan(0);
    process.stdout.write(`${said(residual, series, day)}\n`);
  });

  test('is metered to the row of 5 s as well', { timeout: 120_000 }, async () => {
    const { world, vms: all } = aDay();
    const vms = all.slice(0, 6);
    const day = await XenapiDay.begin({ world, startUs: at(0, 5), pollS: 10, words: { step: 5 } });
    const { pool } = day;
    for (const [from, minutes] of [
      [at(0, 20), 5],
      [at(0, 40), 9],
      [at(2, 10), 50],
    ] as const) {
      await day.run(from);
      for (const host of [0, 1, 2]) await pool.stopHost(host);
      await day.run(from + minutes * 60 * SECOND);
      for (const host of [0, 1, 2]) await pool.startHost(host);
      await day.run(from + (minutes + 5) * 60 * SECOND);
    }
    await day.run(at(3, 40));
    expect(await day.end()).toBe(0);

    const rows = rowsOf(day.polls);
    const lost = vms.flatMap((vm) =>
      unread(world, vm, rows.get(keyOf(vm)) ?? new Map(), 5, at(3, 39, 40)).filter((t) => !isTail(world, vm, t, 15)),
    );
    // The row of 60 s that reaches over those of 5 s that were read before the longest outage.
    expect(lost.filter((t) => t * SECOND < at(2, 9) || t * SECOND > at(2, 11))).toEqual([]);
    expect(lost.length).toBeLessThan(6 * 12);
    const residual = expectTrue(world, vms, rows);
    const { series } = expectPublished(day);
    process.stdout.write(`${said(residual, series, day)}\n`);
  });
});

const said = (residual: ReturnType<typeof expectTrue>, series: number, { polls, pool }: XenapiDay): string =>
  [
    `${residual.rows} rows in ${polls.length} polls with ${pool.calls.length} calls, ${series} series`,
    `off by ${residual.evenPpm.toFixed(4)} ppm at most with even loads, ${residual.ppm.toFixed(1)} with uneven ones`,
    `${(residual.bounded * 100).toFixed(0)} % of the bound`,
    `${residual.breaks} starts, migrations and reboots hid ${residual.hiddenPpm.toFixed(0)} ppm at most, and put ${residual.shownPpm.toFixed(0)} amiss`,
  ].join('; ');
