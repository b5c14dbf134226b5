import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Observation, Poll } from '../../../connectors/connector.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { hostSpec, machineSpec } from '../../fakes/vsphere/fleet.ts';
import { either, forbidden, HOSTILE_XML, tooManyEntities, unavailable, when } from '../../fakes/vsphere/hostile.ts';
import type { Call } from '../../fakes/vsphere/service.ts';
import { meter } from '../../system/metered-polls.ts';
import { FleetBench, GRID, machineOf, rowsOf, START } from './fleet-bench.ts';

/** What the scripted vCenter of session.test.ts does not show: trouble of a server that keeps sessions, views and filters. */
const benches: FleetBench[] = [];
const start = async (...args: Parameters<typeof FleetBench.start>): Promise<FleetBench> => {
  const bench = await FleetBench.start(...args);
  benches.push(bench);
  return bench;
};
afterEach(async () => {
  for (const bench of benches.splice(0)) {
    expect(await bench.end()).toEqual({ sessions: 0, views: 0, filters: 0 });
    expect([bench.fake.offences, bench.fake.service.futureStarts]).toEqual([[], 0]);
  }
});

/** Does something the first time that a method is called, before it is carried out. */
const onFirst = (method: string, happens: () => void): ((call: Call) => undefined) => {
  let done = false;
  return (call) => {
    if (call.method === method && !done) {
      done = true;
      happens();
    }
    return undefined;
  };
};
const steps = (seen: Observation, bench: FleetBench, n: number): number[] =>
  machineOf(seen, bench.world, n).rows.map(({ observedAt }) => (observedAt - START) / GRID);

/** As the pipeline is unless it is told otherwise. */
const RULES: Rules = {
  windows: { sizes: [300_000_000], graces: ['auto'], anchored: false, revise: false },
  counters: { maxSkew: 60_000_000, fillMax: 1000, edge: false },
  reorder: 10_000_000,
};
const cpuTimeIn = (polls: readonly Poll[]): bigint =>
  polls
    .flatMap(({ instances }) => instances.flatMap(({ rows }) => rows))
    .reduce((sum, { cpuTime }) => sum + (cpuTime ?? 0n), 0n);

describe('connecting', () => {
  it('with a wrong password is refused, and leaves nothing behind', async () => {
    const bench = await start(1);
    const wrong = bench.endpoint({ password: 'wrong' }).connect(bench.signal);
    await expect(wrong).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('InvalidLogin') });
    expect(bench.fake.calls).toEqual(['RetrieveServiceContent', 'Login']);
  });

  it('without counters that it wants makes do with others, and says once which are absent', async () => {
    const withoutCounters = ['net.bytesRx.average', 'net.bytesTx.average', 'cpu.ready.summation'];
    const bench = await start(1, { withoutCounters });
    const one = bench.endpoint({ backfill: '1m' });
    for (let n = 0; n < 2; n++) {
      const seen = await (await bench.connect(one)).poll(bench.signal);
      const [row] = machineOf(seen, bench.world, 1).rows;
      expect(row?.cpuReady).toBeNull();
      expect(row?.cpuTime).toBeGreaterThan(0n);
      expect(row?.nics[0]?.rxBytes).toBeGreaterThan(0n);
      await bench.clock.advance(60_000);
    }
    expect(bench.parts()).toEqual(['cpu.ready.summation absent']);
  });

  it.each(['CreateContainerView', 'WaitForUpdatesEx'])(
    'without the privilege for %s names the role',
    async (method) => {
      const bench = await start(1);
      bench.fake.react = forbidden(method);
      await expect(bench.endpoint().connect(bench.signal)).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringMatching(/NoPermission.*Read-only at the root folder/),
      });
    },
  );
});

describe('privileges', () => {
  it('that do not reach to statistics fail the poll, and say so', async () => {
    const bench = await start(3);
    const session = await bench.connect();
    bench.fake.react = forbidden('QueryPerf');
    await expect(session.poll(bench.signal)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/NoPermission.*Read-only/),
    });
    bench.fake.react = undefined;
    expect(rowsOf(await session.poll(bench.signal))).toEqual([4, 4, 4]);
  });

  it("that do not reach to a VM's configuration make the poll partial", async () => {
    const withhold = ({ value }: { value: string }, path: string) =>
      value === 'vm-2' && path.startsWith('config.') ? 'NoPermission' : null;
    const bench = await start(3, { withhold });
    const seen = await (await bench.connect()).poll(bench.signal);
    expect(seen.instances).toHaveLength(2);
    expect(seen.partial).toMatch(/^1 of the VMs tell no uuid/);
  });
});

describe('a session', () => {
  it('that was idle for too long is renewed once, with its view and filter', async () => {
    const bench = await start(600);
    const session = await bench.connect(bench.endpoint({ backfill: '1m', batch: { entities: 100 }, concurrency: 4 }));
    await session.poll(bench.signal);
    await bench.clock.advance(31 * 60_000);
    bench.fake.calls.length = 0;
    const seen = await session.poll(bench.signal);
    expect(new Set(rowsOf(seen))).toEqual(new Set([31 * 3]));
    expect(bench.fake.count('Login')).toBe(1);
    expect(bench.fake.open).toEqual({ sessions: 1, views: 1, filters: 1 });
  });

  it('that ends while several calls are made is renewed once for all of them', async () => {
    const bench = await start(600);
    const session = await bench.connect(bench.endpoint({ backfill: '1m', batch: { entities: 100 }, concurrency: 4 }));
    bench.fake.react = onFirst('QueryPerf', () => bench.fake.service.forget());
    const seen = await session.poll(bench.signal);
    expect(new Set(rowsOf(seen))).toEqual(new Set([4]));
    expect(bench.fake.count('Login')).toBe(1);
    expect(bench.fake.open.sessions).toBe(1);
    expect(bench.parts()).toEqual([]);
  });

  it('of a vCenter that starts anew is another one, versions and all', async () => {
    const bench = await start(5);
    const session = await bench.connect();
    await session.poll(bench.signal);
    bench.fake.restart();
    bench.world.happen('vm-1', { does: 'rename', name: 'renamed' });
    await bench.clock.advance(60_000);
    bench.fake.calls.length = 0;
    const seen = await session.poll(bench.signal);
    expect(rowsOf(seen)).toEqual([3, 3, 3, 3, 3]);
    expect(machineOf(seen, bench.world, 1).identity?.instanceName).toBe('renamed');
    expect(bench.fake.calls.slice(1, 5)).toEqual(['Login', 'CreateContainerView', 'CreateFilter', 'WaitForUpdatesEx']);
  });

  it('whose password was changed meanwhile is refused, and goes on with the old one back', async () => {
    const users = { u: 'p' };
    const bench = await start(1, { users });
    const session = await bench.connect();
    bench.fake.service.forget();
    users.u = 'other';
    await expect(session.poll(bench.signal)).rejects.toMatchObject({ code: 'refused' });
    users.u = 'p';
    expect(rowsOf(await session.poll(bench.signal))).toEqual([4]);
  });
});

describe('between two polls', () => {
  it('a VM is renamed, moved, and deleted, and others go on', async () => {
    const bench = await start(3);
    const session = await bench.connect();
    await session.poll(bench.signal);
    await bench.clock.advance(30_000);
    bench.world.happen('vm-1', { does: 'rename', name: 'renamed' });
    bench.world.happen('vm-2', { does: 'move', host: 'host-1' });
    bench.world.happen('vm-3', { does: 'delete' });
    await bench.clock.advance(30_000);
    const seen = await session.poll(bench.signal);
    expect(seen.instances).toHaveLength(2);
    expect(machineOf(seen, bench.world, 1).identity?.instanceName).toBe('renamed');
    expect(machineOf(seen, bench.world, 2).identity?.host).toBe('esx1.example.org');
    expect(steps(seen, bench, 1)).toEqual([1, 2, 3]);
    expect(steps(seen, bench, 2)).toEqual([2, 3]);
    expect(bench.parts()).toEqual([]);
  });

  it.each<'named' | 'unnamed'>(['named', 'unnamed'])(
    'the inventory and the statistics, a VM is deleted (%s): only that one suffers',
    async (gone) => {
      const bench = await start(16, { gone });
      const session = await bench.connect();
      bench.fake.react = onFirst('QueryPerf', () => bench.world.happen('vm-7', { does: 'delete' }));
      const seen = await session.poll(bench.signal);
      expect(rowsOf(seen).filter((rows) => rows === 4)).toHaveLength(15);
      expect(bench.parts()).toEqual(['vm-7 gone']);
      expect(bench.fake.count('QueryPerf')).toBe(gone === 'named' ? 2 : 9);
      bench.fake.calls.length = 0;
      expect((await session.poll(bench.signal)).instances).toHaveLength(15);
      expect(bench.fake.count('QueryPerf')).toBe(1);
    },
  );

  it('a VM is copied with its uuid: the one that runs is metered, the other counted', async () => {
    const copied = machineSpec(1, 'host-1', START - 1, { id: 'vm-9' });
    const bench = await start(2);
    bench.world.add({ ...copied, life: copied.life.slice(0, 1) });
    const session = await bench.connect();
    const seen = await session.poll(bench.signal);
    expect(rowsOf(seen)).toEqual([4, 4]);
    expect(bench.reported('reading.dropped')).toEqual([
      { event: 'reading.dropped', reason: 'duplicate_uuid', count: 1 },
    ]);
  });
});

describe('an answer', () => {
  it.each(Object.keys(HOSTILE_XML))('with %s is given up at once, and the next one taken', async (name) => {
    const bench = await start(1);
    const session = await bench.connect();
    bench.fake.react = () => ({ rewrite: HOSTILE_XML[name] ?? String });
    const began = performance.now();
    await expect(session.poll(bench.signal)).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringMatching(/^vc1: .* answers (WaitForUpdatesEx|QueryPerf) with what is not understood/),
    });
    expect(performance.now() - began).toBeLessThan(5000);
    bench.fake.react = undefined;
    expect(rowsOf(await session.poll(bench.signal))).toEqual([4]);
  });

  it.each<[string, string]>([
    ['200 000 elements deep', '<a>'.repeat(200_000)],
    ['with 100 000 attributes', `<a ${Array.from({ length: 100_000 }, (_, n) => `a${n}=""`).join(' ')}>`],
    ['with 50 000 namespaces', `<a ${Array.from({ length: 50_000 }, (_, n) => `xmlns:a${n}="u"`).join(' ')}>`],
  ])('%s costs no time', async (_, more) => {
    const bench = await start(1);
    const session = await bench.connect();
    bench.fake.react = () => ({ rewrite: (xml) => xml.replace('<soapenv:Body>', `<soapenv:Body>${more}`) });
    const began = performance.now();
    await expect(session.poll(bench.signal)).rejects.toMatchObject({ code: 'protocol' });
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('without end is given up, and nothing of it kept', async () => {
    const bench = await start(4);
    const session = await bench.connect();
    bench.fake.react = when('QueryPerf', 'endless');
    const before = process.memoryUsage.rss();
    await expect(session.poll(bench.signal)).rejects.toMatchObject({ code: 'protocol' });
    expect(process.memoryUsage.rss() - before).toBeLessThan(300e6);
    expect(bench.parts()).toEqual(expect.arrayContaining(['vm-1 refused', 'vm-4 refused']));
  });

  it('that comes in drops is given up in time, halves and all', async () => {
    const bench = await start(4);
    const session = await bench.connect();
    bench.fake.react = when('QueryPerf', { drip: { bytes: 1, everyMs: 20 } });
    let over = false;
    const polling = session.poll(bench.signal).finally(() => {
      over = true;
    });
    polling.catch(() => undefined);
    for (let tenths = 0; !over; tenths++) {
      expect(tenths).toBeLessThan(96);
      await bench.clock.advance(100);
    }
    await expect(polling).rejects.toMatchObject({ code: 'timeout' });
    bench.fake.react = undefined;
    expect(rowsOf(await session.poll(bench.signal))).toEqual([5, 5, 5, 5]);
  });

  it('in the longer form, of an hour of 250 VMs, is still within what is taken', async () => {
    const bench = await start(250, { statistics: { ignoresCsv: true } });
    const session = await bench.connect(bench.endpoint());
    const seen = await session.poll(bench.signal);
    expect(new Set(rowsOf(seen))).toEqual(new Set([180]));
    expect(bench.fake.bytes.out).toBeGreaterThan(40e6);
    expect(bench.fake.count('QueryPerf')).toBe(1);
  });

  it('is the same packed as not', async () => {
    const plain = await start(20);
    const packed = await start(20, { gzip: true });
    const [one, other] = await Promise.all(
      [plain, packed].map(async (bench) => (await bench.connect()).poll(bench.signal)),
    );
    expect(other?.instances).toEqual(one?.instances);
    expect(packed.fake.bytes.out).toBe(plain.fake.bytes.out);
  });
});

describe('a server that is asked for too much', () => {
  it('by its limit of metrics is asked for less in the same poll, and for more when the limit is gone', async () => {
    const bench = await start(300);
    const session = await bench.connect();
    bench.fake.react = tooManyEntities(15);
    expect(new Set(rowsOf(await session.poll(bench.signal)))).toEqual(new Set([4]));
    expect(bench.parts()).toEqual([]);
    bench.fake.react = undefined;
    const most: number[] = [];
    for (let n = 0; n < 25; n++) {
      bench.fake.service.queries.length = 0;
      await bench.clock.advance(20_000);
      expect(new Set(rowsOf(await session.poll(bench.signal)))).toEqual(new Set([1]));
      most.push(Math.max(...bench.fake.service.queries.map(({ entities }) => entities)));
    }
    expect(most[0]).toBeLessThanOrEqual(16);
    expect(most.at(-1)).toBe(250);
  });

  it('of a vCenter before 6.5, 64 metrics, is read all the same', async () => {
    const bench = await start(60, { maxQueryMetrics: 64 });
    const session = await bench.connect();
    expect(new Set(rowsOf(await session.poll(bench.signal)))).toEqual(new Set([4]));
    bench.fake.service.queries.length = 0;
    await bench.clock.advance(20_000);
    const again = await session.poll(bench.signal);
    expect(new Set(rowsOf(again))).toEqual(new Set([1]));
    expect(Math.max(...bench.fake.service.queries.map(({ metrics }) => metrics))).toBeLessThanOrEqual(64);
    expect(bench.parts()).toEqual([]);
  });

  it('by the elements of a request is asked for less', async () => {
    // 200 VMs with 17 ids are some 12 000 elements.
    const bench = await start(200, { maxElements: 6000 });
    const session = await bench.connect();
    expect(new Set(rowsOf(await session.poll(bench.signal)))).toEqual(new Set([4]));
    await bench.clock.advance(20_000);
    bench.fake.calls.length = 0;
    await session.poll(bench.signal);
    expect(bench.fake.count('QueryPerf')).toBeLessThanOrEqual(3);
    expect(bench.fake.offences.splice(0)).toEqual(['XML document element count exceeds configured maximum 6000']);
  });

  it.each([
    [
      'with status 500 and a page',
      { status: 500, body: '<h1>Internal Server Error</h1>', headers: { 'content-type': 'text/html' } },
    ],
    ['with status 503', unavailable],
    ['not at all', 'disconnect' as const],
    ['with half an answer', 'halve' as const],
  ])('answers %s once: all is read in the same poll', async (_, reaction) => {
    const bench = await start(40);
    const session = await bench.connect();
    bench.fake.react = when('QueryPerf', reaction, 1);
    expect(new Set(rowsOf(await session.poll(bench.signal)))).toEqual(new Set([4]));
    expect(bench.parts()).toEqual([]);
  });

  it('never answers: the poll ends by itself, and nothing is lost', async () => {
    const bench = await start(4);
    const session = await bench.connect();
    await session.poll(bench.signal);
    bench.fake.react = either(when('QueryPerf', 'hang'));
    const polling = session.poll(bench.signal);
    polling.catch(() => undefined);
    for (let n = 0; n < 95; n++) await bench.clock.advance(100);
    await expect(polling).rejects.toMatchObject({ code: 'timeout' });
    bench.fake.react = undefined;
    await bench.clock.advance(50_500);
    expect(rowsOf(await session.poll(bench.signal))).toEqual([3, 3, 3, 3]);
  });

  it('is waited for as long as collector.timeout allows', async () => {
    const bench = await start(4);
    const pace = { intervalMs: 60_000, timeoutMs: 30_000, ready: () => true };
    const session = await bench.connect(bench.endpoint({ backfill: '1m' }, pace));
    bench.fake.react = when('QueryPerf', 'hang');
    let over = false;
    const polling = session.poll(bench.signal).finally(() => {
      over = true;
    });
    polling.catch(() => undefined);
    for (let n = 0; n < 100; n++) await bench.clock.advance(200);
    expect(over).toBe(false);
    for (let n = 0; n < 45; n++) await bench.clock.advance(200);
    await expect(polling).rejects.toMatchObject({ code: 'timeout' });
  });

  it('takes all the time for its inventory: the poll says so, and the next one reads everything', async () => {
    const bench = await start(2);
    const session = await bench.connect();
    bench.fake.react = (call) => (call.method === 'WaitForUpdatesEx' ? { afterMs: 100 } : undefined);
    const polling = session.poll(bench.signal);
    await vi.waitFor(() => expect(bench.fake.count('WaitForUpdatesEx')).toBe(1));
    await bench.clock.advance(7_000);
    expect(rowsOf(await polling)).toEqual([0, 0]);
    expect(bench.parts()).toEqual(['vm-1 and 3 more timeout']);
    expect(rowsOf(await session.poll(bench.signal))).toEqual([4, 4]);
  });

  it('has more changes to tell than there is time for: the poll is partial, and the next one has them', async () => {
    const bench = await start(150);
    const session = await bench.connect();
    for (const id of bench.world.machines.keys()) bench.world.happen(id, { does: 'rename', name: `new-${id}` });
    bench.fake.react = (call) => (call.method === 'WaitForUpdatesEx' ? { afterMs: 100 } : undefined);
    const polling = session.poll(bench.signal);
    await vi.waitFor(() => expect(bench.fake.count('WaitForUpdatesEx')).toBe(1));
    await bench.clock.advance(7_000);
    const renamed = ({ instances }: Observation): number =>
      instances.filter(({ identity }) => identity?.instanceName?.startsWith('new-')).length;
    const late = await polling;
    expect([renamed(late), late.partial]).toEqual([100, 'the inventory is still being read']);
    const seen = await session.poll(bench.signal);
    expect([renamed(seen), seen.partial]).toEqual([150, null]);
  });

  it('hangs at every other call: connecting ends in time, and gives all back', async () => {
    for (const method of ['CurrentTime', 'RetrievePropertiesEx', 'CreateFilter', 'WaitForUpdatesEx']) {
      const bench = await start(1);
      bench.fake.react = when(method, 'hang');
      const connecting = bench.endpoint().connect(bench.signal);
      connecting.catch(() => undefined);
      await vi.waitFor(() => expect(bench.fake.calls).toContain(method));
      await bench.clock.advance(10_000);
      await expect(connecting).rejects.toMatchObject({ code: 'timeout' });
      expect(bench.fake.open.sessions).toBe(0);
    }
  });
});

describe('a host whose clock', () => {
  const MINUTE = 60_000_000;

  it.each([
    ['is ten minutes ahead', 10 * MINUTE],
    ['is ten minutes behind', -10 * MINUTE],
    ['is three hours behind', -180 * MINUTE],
  ])('%s is reported, and its samples are taken once each, none ahead of time', async (_, skewUs) => {
    const bench = await start(4, {}, { hosts: [hostSpec(1), hostSpec(2, { skewUs })] });
    const session = await bench.connect(bench.endpoint({ backfill: '30m' }));
    const rows = new Map<number, number[]>([1, 2].map((n) => [n, []]));
    const polls: Poll[] = [];
    for (let minute = 0; minute < 30; minute++) {
      const seen = await session.poll(bench.signal);
      const cadence = { sequence: minute, scheduledAt: seen.startedAt, interval: MINUTE };
      polls.push({ ...seen, ...cadence, kind: 'vsphere', hypervisor: 'vc1' });
      for (const [n, times] of rows) {
        const its = machineOf(seen, bench.world, n).rows.map(({ observedAt }) => observedAt);
        expect(its.filter((at) => at > bench.clock.now() + 30_000_000)).toEqual([]);
        times.push(...its);
      }
      await bench.clock.advance(60_000);
    }
    for (const times of rows.values()) {
      expect(times.slice(1).filter((at, n) => at - (times[n] as number) !== GRID)).toEqual([]);
      expect(times.length).toBeGreaterThanOrEqual(29 * 3 + 60);
    }
    const last = rows.get(2)?.at(-1) as number;
    expect(last).toBeGreaterThan(bench.clock.now() + Math.min(skewUs, 0) - 3 * MINUTE);
    const { samples, drops } = meter(polls, RULES);
    expect(Object.values(drops).every((count) => count === 0)).toBe(true);
    const growth = samples.filter(({ name }) => name === 'cpu.delta').map(({ volume }) => BigInt(volume));
    expect(growth.reduce((sum, amount) => sum + amount, 0n)).toBe(cpuTimeIn(polls));
    const skews = bench.reported('endpoint.skew').map((event) => event.skewUs);
    expect(skews.some((skew) => Math.abs(skew - skewUs) <= GRID + 1)).toBe(true);
    expect(bench.reported('reading.dropped')).toEqual([]);
  });

  it('is two hours ahead has its samples counted, not taken', async () => {
    const bench = await start(2, {}, { hosts: [hostSpec(1), hostSpec(2, { skewUs: 120 * MINUTE })] });
    const session = await bench.connect(bench.endpoint({ backfill: '1m' }));
    for (let minute = 0; minute < 5; minute++) {
      expect(machineOf(await session.poll(bench.signal), bench.world, 2).rows).toEqual([]);
      await bench.clock.advance(60_000);
    }
    const counts = bench.reported('reading.dropped').map(({ reason, count }) => [reason, count]);
    // Of the VM and of its host: four at first, and three a minute.
    expect(counts).toEqual([8, 6, 6, 6, 6].map((count) => ['quarantined', count]));
  });
});
