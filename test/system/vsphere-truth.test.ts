import { describe, expect, test } from 'vitest';
import type { Rules } from '../../pipeline/model/rules.ts';
import { meter } from './metered-polls.ts';
import {
  type Account,
  accountsOf,
  counted,
  deltaOf,
  keyOf,
  publishedBy,
  type Read,
  readIn,
} from './vsphere-accounts.ts';
import { aDay, type Day, MINUTES, type Samples } from './vsphere-day.ts';

/** A day of a vCenter whose truth is known, from its statistics to finished samples, all but Kafka. */
const SECOND = 1_000_000;
const GRID = 20 * SECOND;
const HOUR = 3600 * SECOND;

const RULES: Rules = {
  windows: { sizes: [300 * SECOND, HOUR], graces: ['auto', 'auto'], anchored: false, revise: false },
  counters: { maxSkew: 60 * SECOND, fillMax: 1000, edge: false },
  reorder: 10 * SECOND,
};

/** What is published of hosts. */
const OF_NODES = [
  'compute.node.cpu.percent',
  'compute.node.cpu.time',
  'compute.node.instances',
  'compute.node.instances.running',
  'compute.node.memory',
  'compute.node.memory.usage',
  'compute.node.network.incoming.bytes',
  'compute.node.network.outgoing.packets.rate',
];

const zeros = <Name extends string>(counts: Readonly<Record<Name, number>>): Record<Name, number> =>
  Object.fromEntries(Object.keys(counts).map((name) => [name, 0])) as Record<Name, number>;
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
/** Every published delta of the series adds up to what was read, in windows of either size. */
function expectPublished(account: Account, published: ReturnType<typeof publishedBy>): number {
  const delta = deltaOf(account);
  if (delta === null) return 0;
  for (const size of RULES.windows.sizes) {
    const key = keyOf(delta.name, account.uuid, account.device, size);
    const samples = published.get(key) ?? [];
    const amounts = samples.map((sample) => counted(sample, delta.divisor));
    expect(
      amounts.filter((amount) => amount < 0n),
      key,
    ).toEqual([]);
    expect(new Set(samples.map(({ windowStart }) => windowStart)).size, key).toBe(samples.length);
    expect(sum(amounts), key).toBe(account.read);
  }
  return RULES.windows.sizes.length;
}

/** The samples that were not read, by why. */
interface Losses {
  /** Older than an hour when the vCenter could be reached again. */
  expired: number;
  /** The VM was deleted before the next poll. */
  gone: number;
  /** Hosts show no more what was before a move or a power cycle (history: currentRun). */
  moved: number;
  /** The VM was off when a collector without memory began. */
  offAtStart: number;
  unexplained: number;
}

function lossesOf(day: Day, read: readonly Read[]): Losses {
  const losses = { expired: 0, gone: 0, moved: 0, offAtStart: 0, unexplained: 0 };
  const rows = new Map(read.map((one) => [one.id, one.rows]));
  for (const [id, samples] of day.taken)
    for (const [stamp, { to }] of samples) if (!rows.get(id)?.has(stamp)) losses[whyNot(day, id, stamp, to)]++;
  return losses;
}

function whyNot(day: Day, id: string, stamp: number, taken: number): keyof Losses {
  const { polls, firsts, world, readable } = day;
  const next = polls.find(({ startedAt }) => startedAt >= taken)?.startedAt ?? Number.POSITIVE_INFINITY;
  if (Math.floor(next / GRID) * GRID - stamp >= HOUR) return 'expired';
  const machine = world.machines.get(id);
  if (machine && !machine.stateAt(next).exists) return 'gone';
  if (!readable.get(id)?.has(stamp)) return 'moved';
  return machine && firsts.includes(next) && machine.stateAt(next).power !== 'poweredOn' ? 'offAtStart' : 'unexplained';
}

/** What was read, hidden and not read is all that was true, but for what no host samples: the end of a run. */
function expectWhole(day: Day, one: Read, accounts: readonly Account[]): void {
  const taken = [...(day.taken.get(one.id)?.values() ?? [])];
  const unread = taken.filter(({ stamp }) => !one.rows.has(stamp));
  const [from, to] = [taken[0]?.from ?? 0, taken.at(-1)?.to ?? 0];
  for (const { name, counter, instance, truth, hidden } of accounts) {
    const of = (span: { from: number; to: number }): bigint =>
      day.world.truth(one.id, counter.quantity, instance, span.from, span.to);
    const unsampled = of({ from, to }) - truth - hidden - sum(unread.map(of));
    expect(unsampled >= 0n, name).toBe(true);
    if (day.world.metered(one.id).runs.length === 1) expect(unsampled, name).toBe(0n);
  }
}

describe('a day of a vCenter', () => {
  test.each([
    { history: 'all', statistics: { rates: 'rounded', remainder: 'carried' } },
    { history: 'currentRun', statistics: { rates: 'floored', remainder: 'dropped' } },
  ] as const)('comes out as it was ($history, $statistics.rates)', async (weather) => {
    const day = await aDay(weather);
    const { read, again } = readIn(day.polls, day.world);
    const { samples, drops } = meter(day.polls, RULES);
    const published = publishedBy(samples);
    const accounts = read.flatMap((one) => accountsOf(one, day.taken.get(one.id) ?? new Map(), day.world));

    const compared = accounts.reduce((total, account) => total + expectPublished(account, published), 0);
    // 14 VMs: one was made and deleted between two polls.
    expect(read).toHaveLength(14 + 3);
    expect(compared).toBe(accounts.filter((account) => deltaOf(account) !== null).length * RULES.windows.sizes.length);
    for (const { name, counter, samples: n, ...of } of accounts) {
      const error = of.read - of.truth;
      const bound = counter.rounded * BigInt(n);
      expect(error <= bound && -error <= bound, `${name}: ${error} of at most ${bound}`).toBe(true);
    }
    for (const one of read)
      expectWhole(
        day,
        one,
        accounts.filter(({ id }) => id === one.id),
      );
    expect(drops).toEqual({ ...zeros(drops), duplicate: drops.duplicate });
    // A new collector reads the last hour again; nobody else anything.
    expect(again).toBeGreaterThan(2 * 12 * 170);
    expect(again).toBeLessThan(2 * 16 * 181);

    const losses = lossesOf(day, read);
    // 71 minutes lie between the polls around the longest outage: 11 are lost of each of 12 VMs and 3 hosts.
    expect(losses).toEqual({ ...losses, expired: 11 * 3 * (12 + 3), unexplained: 0 });
    // The connector says so itself: 17 series of 10 VMs, 29 of one and 20 of each host; the 12th VM was switched on since.
    expect(expiredValues(day)).toBe(11 * 3 * (10 * 17 + 29 + 3 * 20));
    if (weather.history === 'all') expect(losses).toMatchObject({ moved: 0, offAtStart: 7 });
    expect(day.failed).toBe(148 + 1);
    expect(day.open).toEqual({ sessions: 0, views: 0, filters: 0 });
    expect([day.offences, day.futureStarts]).toEqual([[], 0]);
    expect([...new Set(samples.map(({ name }) => name))]).toEqual(expect.arrayContaining(OF_NODES));
    process.stdout.write(`${report(day, accounts, losses)}\n`);
  });
});

const sizeOf = (samples: Samples): number => [...samples.values()].reduce((total, { size }) => total + size, 0);

/** What the connector itself says that it lost, in values. */
const expiredValues = ({ events }: Day): number =>
  events.reduce(
    (total, each) => total + (each.event === 'values.missing' && each.reason === 'expired' ? each.count : 0),
    0,
  );

function report(day: Day, accounts: readonly Account[], losses: Losses): string {
  const share = (field: string): string => {
    const of = accounts.filter(({ counter, isHost }) => !isHost && counter.field === field);
    const truth = sum(of.map((account) => account.truth));
    const error = sum(of.map((account) => account.read)) - truth;
    return `${field} ${((Number(error) / Number(truth)) * 1e6).toFixed(1)}`;
  };
  const fields = ['cpuTime', 'cpuReady', 'rxBytes', 'txPackets', 'writeBytes', 'readRequests', 'memorySwapIn'];
  const hidden = accounts.reduce((total, { holes }) => total + holes, 0);
  const known = accounts.reduce((total, { samples }) => total + samples, 0);
  const lost = Object.entries(losses).map(([why, count]) => `${why} ${count}`);
  return (
    `a day of 14 VMs, ${day.polls.length} polls of ${MINUTES}: published less true, ppm: ${fields.map(share).join(', ')}; ` +
    `${known} values, ${hidden} holes; ${sizeOf(day.taken)} samples, not read: ${lost.join(', ')}`
  );
}
