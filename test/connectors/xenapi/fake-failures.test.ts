import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { selfSigned } from '../../fakes/certificate.ts';
import type { PoolOptions } from '../../fakes/xenapi/fake-pool.ts';
import type { Vm } from '../../fakes/xenapi/life.ts';
import { always, atMost, type React, rrddDown, withDtd } from '../../fakes/xenapi/reaction.ts';
import { sampleVm } from '../../fakes/xenapi/sample-world.ts';
import { type FakeBench, type FakeBenchOptions, fakeBench, instanceOf, timesOf } from './fake-bench.ts';

/** What failures.test.ts has of a scripted pool is not here again, but for what a whole pool adds to it. */
const open: FakeBench[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function start(options?: FakeBenchOptions): Promise<FakeBench> {
  const made = await fakeBench(options);
  open.push(made);
  return made;
}

const RRD = ['GET /rrd_updates'];
const LOGIN = 'session.login_with_password';

const failed = ({ events }: FakeBench, part: string): string[] =>
  events.flatMap((event) => (event.event === 'part.failed' && event.part === part ? [event.reason] : []));

/** Every row once: each begins where the one before ends. */
const expectGapless = (times: readonly number[], stepS = 60): void =>
  expect(times).toEqual(times.map((_, n) => (times[0] ?? 0) + n * stepS));

describe('who may not in', () => {
  it('is told so by a wrong password, once', async () => {
    const bench = await start({ words: { password: 'wrong' } });
    await expect(bench.connect()).rejects.toMatchObject({ code: 'refused', message: /wrong username or password/ });
    expect(bench.pool.calls).toEqual([LOGIN]);
  });

  it('does not tell the password to a host with another certificate', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hypermeter-xen.'));
    const tls = selfSigned(directory, { hosts: 4 });
    rmSync(directory, { recursive: true });
    const bench = await start({ fake: { tls }, words: { tls: { thumbprint: 'AB:'.repeat(31).concat('AB') } } });
    await expect(bench.connect()).rejects.toMatchObject({ code: 'refused', message: /thumbprint/ });
    expect(bench.pool.calls).toEqual([]);
  });
});

describe('a session', () => {
  it('that has expired is renewed once for ten hosts and the feed, and no row is lost', async () => {
    const bench = await start({ hosts: 10, vms: 1 });
    const [vm] = bench.guests as [Vm];
    const times = timesOf(await bench.pollAfter(0), vm);
    bench.pool.expireSessions();
    for (let n = 0; n < 3; n++) {
      const seen = await bench.pollAfter(61);
      expect(seen.partial).toBeNull();
      times.push(...timesOf(seen, vm));
    }
    expect(bench.pool.count(LOGIN)).toBe(2);
    expect(bench.pool.sessions.open).toBe(1);
    expectGapless(times);
  });

  it('is not lost with the coordinator, and given back when it is there again', async () => {
    const bench = await start();
    const session = await bench.connect();
    await bench.pool.stopHost(0);
    expect(await session.closed).toMatchObject({ code: 'lost' });
    await session.close();
    await expect(bench.connect()).rejects.toMatchObject({ code: 'unreachable' });
    expect(failed(bench, 'logout')).toEqual(['left']);
    await bench.pool.startHost(0);
    await bench.connect();
    expect(bench.pool.sessions.open).toBe(1);
  });
});

describe('a host', () => {
  it.each<[string, React, string]>([
    ['is down for statistics while XAPI lives', rrddDown([1]), 'protocol'],
    ['has a daemon that is starting', rrddDown([1], 503), 'protocol'],
    ['is forbidden', always({ status: 403, type: 'text/html', body: '' }, RRD, [1]), 'refused'],
    ['hangs', always('hang', RRD, [1]), 'timeout'],
    ['is as slow as it can be', always('trickle', RRD, [1]), 'timeout'],
    ['stops in the midst of its answer', always('cut', RRD, [1]), 'timeout'],
    ['closes the connection', always('disconnect', RRD, [1]), 'lost'],
    ['answers without end', always('endless', RRD, [1]), 'protocol|timeout'],
    ['answers half of an answer', always({ rewrite: (body) => body.slice(0, body.length / 2) }, RRD, [1]), 'protocol'],
    ['answers with a legend that is too short', always({ rewrite: shortened }, RRD, [1]), 'none'],
  ])('that %s costs its own VMs their rows only, until it is well again', async (_, react, reason) => {
    const bench = await start({ vms: 1 });
    const [one, two] = bench.guests as [Vm, Vm];
    const times = timesOf(await bench.pollAfter(0), two);
    bench.pool.react = react;
    const seen = await bench.pollAfter(61);
    expect(timesOf(seen, one).length).toBeGreaterThan(0);
    expect(timesOf(seen, two)).toEqual([]);
    if (reason !== 'none') {
      expect(reason.split('|')).toContain(failed(bench, 'xcp2')[0]);
      expect(seen.partial).toMatch(/^xcp2: /);
    } else
      expect(bench.events).toContainEqual(expect.objectContaining({ event: 'reading.dropped', reason: 'malformed' }));
    bench.pool.react = undefined;
    for (let n = 0; n < 3; n++) times.push(...timesOf(await bench.pollAfter(61), two));
    expectGapless(times);
    expect(times.length).toBeGreaterThanOrEqual(122);
  });

  it('that is off is reported as unreachable, and read back', async () => {
    const bench = await start({ vms: 1 });
    const [, two] = bench.guests as [Vm, Vm];
    const times = timesOf(await bench.pollAfter(0), two);
    await bench.pool.stopHost(1);
    for (let n = 0; n < 20; n++) expect(timesOf(await bench.pollAfter(60), two)).toEqual([]);
    expect(new Set(failed(bench, 'xcp2'))).toEqual(new Set(['unreachable']));
    await bench.pool.startHost(1);
    for (let n = 0; n < 3; n++) times.push(...timesOf(await bench.pollAfter(61), two));
    expectGapless(times);
    expect(times.length).toBeGreaterThanOrEqual(140);
  });

  it('that answers XML with a document type is refused', async () => {
    const bench = await start({ vms: 1, fake: { jsonRpc: 'missing', react: withDtd(['event.from']) } });
    await expect(bench.connect()).rejects.toMatchObject({ code: 'protocol', message: /document type/ });
  });
});

/** Without its last entry: no row has as many values. */
const shortened = (body: string): string => body.replace(/,"[^"]*"\]\},"data"/, ']},"data"');

describe('a clock', () => {
  it.each([
    [-7200, 'hours behind'],
    [7200, 'hours ahead'],
    [90, 'a little ahead'],
  ])('of a host that is wrong (%i s: %s) costs no row, and is told of', async (skewS) => {
    const bench = await start({ vms: 1, skewsUs: [0, skewS * 1e6] });
    const [, vm] = bench.guests as [Vm, Vm];
    const times: number[] = [];
    for (let n = 0; n < 24; n++) times.push(...timesOf(await bench.pollAfter(10), vm));
    expectGapless(times);
    expect(times.length).toBeGreaterThanOrEqual(121);
    const skews = bench.events.flatMap((event) => (event.event === 'endpoint.skew' ? [event.skewUs / 1e6] : []));
    expect(Math.max(...skews.map((each) => Math.abs(each - skewS)))).toBeLessThan(70);
  });
});

describe('a VM', () => {
  it('that is renamed between polls has its new name, and its rows go on', async () => {
    const bench = await start({ vms: 1 });
    const [vm] = bench.guests as [Vm];
    const times = timesOf(await bench.pollAfter(0), vm);
    bench.pool.world.happen(vm.uuid, { at: bench.clock.now(), what: 'rename', name: 'renamed' });
    const seen = await vi.waitFor(async () => {
      const each = await bench.pollAfter(20);
      times.push(...timesOf(each, vm));
      expect(instanceOf(each, vm).identity?.name).toBe('renamed');
      return each;
    }, 5000);
    expect(seen.partial).toBeNull();
    expectGapless(times);
  });

  it('that is resumed does not show its old rows as new ones', async () => {
    const bench = await start({
      vms: 1,
      world: (world) => {
        const [vm] = world.vms.filter(({ kind }) => kind === 'guest') as [Vm];
        world.happen(vm.uuid, { at: world.startedAt + 6600e6, what: 'suspend' });
        // Where the host samples every 5 s, at 0.23 s: not yet.
        world.happen(vm.uuid, { at: world.startedAt + 7259.9e6, what: 'start', host: 0 });
      },
    });
    const [vm] = bench.guests as [Vm];
    expect(timesOf(await bench.pollAfter(0), vm)).toEqual([]);
    const times = timesOf(await bench.pollAfter(70), vm).map((t) => t - (bench.pool.world.startedAt / 1e6 + 6600));
    expect(times.filter((t) => t > 0 && t <= 600)).toEqual([]);
  });

  it('that moves twice within a minute gives every row once', async () => {
    const bench = await start({ hosts: 3, vms: 1 });
    const [vm] = bench.guests as [Vm];
    const times = timesOf(await bench.pollAfter(0), vm);
    const now = bench.clock.now();
    bench.pool.world.happen(vm.uuid, { at: now + 20e6, what: 'migrate', host: 1 });
    bench.pool.world.happen(vm.uuid, { at: now + 50e6, what: 'migrate', host: 2 });
    for (let n = 0; n < 30; n++) times.push(...timesOf(await bench.pollAfter(10), vm));
    expectGapless(times);
    expect(times.length).toBeGreaterThanOrEqual(123);
  });

  it('whose columns nobody knows what to make of is metered all the same', async () => {
    const rewrite = (body: string): string =>
      body.replaceAll(':vif_0_rx"', ':cpu9-P15"').replaceAll(':cpu_usage"', ':a:b/c"');
    const bench = await start({ vms: 1, fake: { react: always({ rewrite }, RRD) } });
    const [vm] = bench.guests as [Vm];
    const row = instanceOf(await bench.pollAfter(0), vm).rows.at(-1);
    expect(row).toMatchObject({ cpuTime: expect.any(BigInt), nics: [{ rxBytes: null, txBytes: expect.any(BigInt) }] });
    expect(bench.events.filter(({ event }) => event === 'reading.dropped')).toEqual([]);
  });

  it('that was cloned with nova’s uuid in it goes by its own', async () => {
    const nova = '2000000a-0000-4000-8000-0000000000bb';
    const bench = await start({
      vms: 0,
      world: (world) => {
        const original = sampleVm('nova', 1, { otherConfig: { nova_uuid: nova } });
        world.add(original);
        world.clone(original.uuid, { uuid: 'ffffffff-0000-4000-8000-000000000001', name: 'clone' }, world.startedAt);
      },
    });
    const { instances } = await bench.pollAfter(0);
    expect(instances.map(({ uuid, identity }) => [identity?.name, uuid.toString('hex').slice(0, 8)])).toEqual(
      expect.arrayContaining([
        ['guest-1', '2000000a'],
        ['clone', 'ffffffff'],
      ]),
    );
  });
});

describe('the coordinator', () => {
  it('is another host: the session ends, the next finds it, rows go on', async () => {
    const bench = await start({ hosts: 3, vms: 1 });
    const [vm] = bench.guests as [Vm];
    const times = timesOf(await bench.pollAfter(0), vm);
    const session = await bench.connect();
    bench.pool.setCoordinator(2);
    bench.pool.wake();
    expect(await session.closed).toMatchObject({ code: 'lost' });
    await bench.connect();
    for (let n = 0; n < 3; n++) times.push(...timesOf(await bench.pollAfter(61), vm));
    expectGapless(times);
    expect(bench.pool.sessions.open).toBe(1);
  });

  it('restarts XAPI: connections are cut, sessions gone, and the feed goes on in the same session', async () => {
    const bench = await start({ vms: 1 });
    const [vm] = bench.guests as [Vm];
    const times = timesOf(await bench.pollAfter(0), vm);
    await vi.waitFor(() => expect(bench.pool.waiting).toBe(1), 5000);
    bench.pool.react = atMost(2, always('disconnect', ['event.from']));
    bench.pool.sessions.expire();
    bench.pool.disconnect();
    await vi.waitFor(() => expect(failed(bench, 'event.from').length).toBeGreaterThan(0), 5000);
    for (let n = 0; n < 4; n++) times.push(...timesOf(await bench.pollAfter(61), vm));
    expectGapless(times);
    await vi.waitFor(() => expect(bench.pool.waiting).toBe(1), 10_000);
    expect(bench.pool.count(LOGIN)).toBe(2);
  });

  it('has lost its events: the inventory is read anew', async () => {
    const bench = await start({ vms: 1 });
    await bench.pollAfter(0);
    const before = bench.pool.count('event.from');
    await vi.waitFor(() => expect(bench.pool.waiting).toBe(1), 5000);
    bench.pool.loseEvents();
    await vi.waitFor(() => expect(bench.pool.count('event.from')).toBeGreaterThan(before + 1), 5000);
    expect((await bench.pollAfter(61)).partial).toBeNull();
  });
});

describe('every dialect', () => {
  const dialects: readonly (readonly [string, Partial<PoolOptions>])[] = [
    ['numbers as text', {}],
    ['data inside of meta, 5 digits', { dialect: 'nested', digits: 5 }],
    ['bare numbers and NaN', { dialect: 'bare' }],
    ['keys without quotes, 5 digits, XML-RPC alone', { dialect: 'unquoted', digits: 5, jsonRpc: 'missing' }],
    ['XML to JSON-RPC', { jsonRpc: 'xml' }],
  ];

  it.each(dialects)('says the same: %s', async (_, fake) => {
    const bench = await start({ vms: 1, fake, historyS: 1260 });
    const rest = await start({ vms: 1, historyS: 1260 });
    const [vm] = bench.guests as [Vm];
    const [seen, wanted] = [await bench.pollAfter(0), await rest.pollAfter(0)];
    const digits = fake.digits ?? 15;
    const rows = instanceOf(seen, vm).rows;
    expect(rows.length).toBeGreaterThanOrEqual(20);
    for (const [n, row] of rows.entries()) {
      const other = instanceOf(wanted, vm).rows[n];
      expect(row.observedAt).toBe(other?.observedAt);
      const [one, two] = [Number(row.cpuTime), Number(other?.cpuTime)];
      expect(Math.abs(one - two)).toBeLessThanOrEqual(two * 10 ** (1 - digits));
      expect(row.nics[0]?.rxBytes === null).toBe(other?.nics[0]?.rxBytes === null);
    }
  });
});
