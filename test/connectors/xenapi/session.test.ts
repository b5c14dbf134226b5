import { describe, expect, it, vi } from 'vitest';
import type { Instance } from '../../../avro/snapshot.ts';
import type { Observation } from '../../../connectors/connector.ts';
import { hostUuid, type Shows } from './a-pool.ts';
import { bench, START_S } from './bench.ts';

const named = ({ instances }: Observation, name: string): Instance => {
  const found = instances.find(({ identity }) => identity?.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const vm = ({ instances }: Observation, n: number): Instance => {
  const found = instances.find(({ uuid }) => uuid.toString('hex').startsWith(`1000000${n}`));
  if (found === undefined) throw new Error(`no VM ${n}`);
  return found;
};
const times = ({ rows }: Instance): number[] => rows.map(({ observedAt }) => observedAt / 1e6);

/** CPU time in ns over all rows. */
const total = (rows: Instance['rows']): bigint => rows.reduce((sum, { cpuTime }) => sum + (cpuTime ?? 0n), 0n);

/** A load that depends on the time alone, so that rows of every archive are of one truth: 0.25 of each of two CPUs. */
const steady =
  (...uuids: string[]): Shows =>
  () =>
    Object.fromEntries(
      uuids.map((uuid) => [
        uuid,
        {
          cpu0: 0.25,
          cpu1: 0.25,
          memory: 2 ** 31,
          vif_0_rx: 1000.4,
          vif_0_tx: 2,
          vbd_xvda_read: 3,
          vbd_xvda_iops_read: 0.5,
        },
      ]),
    );

describe('a poll', () => {
  it('lists what runs, and reads two hours back at first sight', async () => {
    const { pool, poll, events } = await bench();
    const uuid = pool.addVm(1, 0, { other_config: { nova_uuid: '1000000a-0000-4000-8000-0000000000bb' } });
    pool.addVm(2, 0, { is_control_domain: true });
    pool.addVm(3, 0, { is_a_template: true });
    pool.addVm(4, 0, { is_a_snapshot: true });
    pool.addVm(5, 0, { power_state: 'Halted', resident_on: 'OpaqueRef:NULL' });
    pool.shows = steady(uuid, '10000002-0000-4000-8000-0000000000bb');
    const seen = await poll();
    expect(seen).toMatchObject({ partial: null, calls: 1, bootedAt: null });
    expect(seen.instances).toHaveLength(2);
    expect(vm(seen, 5)).toMatchObject({ state: 'SHUTOFF', epoch: null, rows: [] });
    const one = named(seen, 'vm1');
    expect(one.uuid.toString('hex')).toBe('1000000a0000400080000000000000bb');
    expect(one).toMatchObject({
      epoch: `${uuid}@20260308T09:00:00Z`,
      startedAt: Date.UTC(2026, 2, 8, 9) * 1000,
      state: 'RUNNING',
      disks: [{ id: 'xvda', epoch: null }],
      nics: [{ id: 'aa:bb:00:00:00:01', epoch: null }],
      identity: { name: 'vm1', host: 'xs0', metadata: { gold: '' } },
    });
    expect(one.rows).toHaveLength(120);
    expect(one.rows.at(-1)).toMatchObject({
      observedAt: (START_S - 30) * 1e6,
      interval: 60e6,
      cpuTime: 30_000_000_000n,
      memory: 2n ** 31n,
      memoryUsage: null,
      vcpus: 2n,
      disks: [{ readBytes: 180n, readRequests: 30n, writeBytes: null, capacity: 2n ** 33n, usage: 2n ** 30n }],
      nics: [{ rxBytes: 60_024n, txBytes: 120n, rxPackets: null }],
    });
    expect(one.rows[0]?.vcpus).toBeNull();
    expect(events).toContainEqual(expect.objectContaining({ event: 'rows.read', rows: 120, backfilled: 118 }));
  });

  it('looks at a host once a step, with what overlaps, and emits each row once', async () => {
    const { pool, pollAfter } = await bench({}, { backfill: '3m' });
    pool.shows = steady(pool.addVm(1, 0));
    const seen: number[] = [...times(vm(await pollAfter(0), 1))];
    for (let n = 0; n < 18; n++) {
      const poll = await pollAfter(10);
      seen.push(...times(vm(poll, 1)));
      expect(poll.instances).toHaveLength(1);
    }
    expect(seen).toEqual(seen.map((_, n) => (seen[0] ?? 0) + n * 60));
    expect(seen.at(-1)).toBe(START_S + 150);
    expect(pool.count('rrd_updates')).toBe(4);
    const asked = pool.asked.filter(({ name }) => name === 'rrd_updates').map(({ query }) => query.get('start'));
    expect(asked.slice(1).every((back) => Number(back) <= -130 && Number(back) > -260)).toBe(true);
    expect(pool.count('event.from')).toBeLessThanOrEqual(3);
  });

  it('reads rows of 5 s', async () => {
    const { pool, pollAfter } = await bench({}, { step: 5, backfill: '1m' });
    pool.shows = steady(pool.addVm(1, 0));
    const seen = [...times(vm(await pollAfter(0), 1))];
    for (let n = 0; n < 6; n++) seen.push(...times(vm(await pollAfter(10), 1)));
    expect(seen).toEqual(seen.map((_, n) => (seen[0] ?? 0) + n * 5));
    expect(seen.at(-1)).toBeGreaterThanOrEqual(START_S + 60);
  });

  it('meters the hosts as well', async () => {
    const { pool, poll } = await bench();
    pool.shows = () => ({
      [hostUuid(0)]: {
        cpu0: 0.5,
        cpu1: 1,
        'cpu1-P15': 1,
        cpu_avg: 0.75,
        memory_total_kib: 1024,
        memory_free_kib: 256,
        pif_eth0_rx: 10,
        pif_aggr_rx: 10,
        'network/latency': 3,
      },
    });
    const { hosts } = await poll();
    expect(hosts).toHaveLength(1);
    expect(hosts[0]).toMatchObject({ epoch: `${hostUuid(0)}@20260307T16:13:20Z`, nics: [{ id: 'eth0', epoch: null }] });
    expect(hosts[0]?.rows.at(-1)).toMatchObject({
      cpuTime: 90_000_000_000n,
      memory: 1024n * 1024n,
      memoryUsage: 768n * 1024n,
      nics: [{ rxBytes: 600n, txBytes: null }],
    });
  });

  it('that is given up moves nothing: the same rows come with the next one', async () => {
    const { pool, connect, poll } = await bench();
    pool.shows = steady(pool.addVm(1, 0));
    const session = await connect();
    pool.react = ({ name }) => (name === 'rrd_updates' ? 'hang' : undefined);
    const stop = new AbortController();
    const given = session.poll(stop.signal);
    await vi.waitFor(() => expect(pool.count('rrd_updates')).toBe(1));
    stop.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    pool.react = undefined;
    expect(vm(await poll(), 1).rows).toHaveLength(120);
  });

  it('tells of values that are missing: a sum of a part of the CPUs is none', async () => {
    const { pool, poll, events } = await bench({}, { backfill: '1m' });
    const uuid = pool.addVm(1, 0);
    pool.shows = (_, t) => ({ [uuid]: { cpu0: 0.5, cpu1: t === START_S - 30 ? Number.NaN : 0.5, memory: 1 } });
    const { rows } = vm(await poll(), 1);
    expect(rows.at(-1)).toMatchObject({ cpuTime: null, memory: 1n });
    expect(rows.at(-2)).toMatchObject({ cpuTime: 60_000_000_000n });
    expect(events).toContainEqual(expect.objectContaining({ event: 'values.missing', reason: 'nan', count: 1 }));
  });

  it.each([
    [90, 60, 25],
    [-90, -90, -15],
  ])('tells how far a host %i s ahead is, to a step', async (skewS, least, most) => {
    const { pool, poll, events } = await bench({ skewS });
    pool.shows = steady(pool.addVm(1, 0));
    await poll();
    const skew = events.find(({ event }) => event === 'endpoint.skew') as { skewUs: number };
    const [low, high] = [Math.min(least, most), Math.max(least, most)];
    expect(skew.skewUs / 1e6).toBeGreaterThanOrEqual(Math.min(low, skewS) - 1);
    expect(skew.skewUs / 1e6).toBeLessThanOrEqual(Math.max(high, skewS));
    expect(Math.sign(skew.skewUs)).toBe(Math.sign(skewS));
  });

  it('reads a host whose clock is hours off all the same', async () => {
    const { pool, pollAfter } = await bench({ skewS: -7200 }, { backfill: '2m' });
    pool.shows = steady(pool.addVm(1, 0));
    const seen = [...times(vm(await pollAfter(0), 1))];
    for (let n = 0; n < 12; n++) seen.push(...times(vm(await pollAfter(10), 1)));
    expect(seen).toEqual(seen.map((_, n) => (seen[0] ?? 0) + n * 60));
    expect(seen.length).toBeGreaterThanOrEqual(4);
  });
});

describe('a host whose clock is ahead', () => {
  it.each([
    ['a minute and a half', 90, 60, '2h'],
    ['ten minutes, and further than is caught up on', 600, 60, '2m'],
    ['an hour, by more than the fine archive', 3600, 5, '2h'],
  ])('by %s: rows wait until the pipeline takes them, and none is lost', async (_, skewS, step, backfill) => {
    const { pool, pollAfter, clock } = await bench({ skewS }, { step, backfill });
    pool.shows = steady(pool.addVm(1, 0));
    const seen: number[] = [];
    const ends: number[] = [];
    for (let n = 0; n < 30; n++) {
      const instance = vm(await pollAfter(n === 0 ? 0 : 30), 1);
      for (const { observedAt, interval } of instance.rows) {
        expect(observedAt - clock.now()).toBeLessThanOrEqual(30e6);
        seen.push((observedAt - (interval ?? 0)) / 1e6);
        ends.push(observedAt / 1e6);
      }
    }
    // One begins where the other ends.
    expect(seen.slice(1)).toEqual(ends.slice(0, -1));
    expect((ends.at(-1) ?? 0) - clock.now() / 1e6).toBeGreaterThan(-90);
  });
});

describe('back-fill', () => {
  it('after an outage loses nothing', async () => {
    const { pool, pollAfter } = await bench({}, { backfill: '2h' });
    pool.shows = steady(pool.addVm(1, 0));
    const first = times(vm(await pollAfter(0), 1));
    const second = times(vm(await pollAfter(3600), 1));
    expect([...first, ...second]).toEqual([...first, ...second].map((_, n) => (first[0] ?? 0) + n * 60));
    expect(second).toHaveLength(60);
  });

  it('survives a new session', async () => {
    const { pool, pollAfter, connect } = await bench();
    pool.shows = steady(pool.addVm(1, 0));
    await pollAfter(0);
    await connect();
    expect(times(vm(await pollAfter(600), 1))).toHaveLength(10);
  });

  it('of 5 s rows takes rows of 60 s for the older part, without overlap', async () => {
    const { pool, poll, pollAfter } = await bench({}, { step: 5 });
    const uuid = pool.addVm(1, 0);
    pool.shows = steady(uuid);
    const rows = [...vm(await poll(), 1).rows];
    expect(rows.filter(({ interval }) => interval === 60e6).length).toBeGreaterThan(105);
    expect(rows.filter(({ interval }) => interval === 5e6).length).toBeGreaterThan(100);
    const gapless = () =>
      rows.every(({ observedAt, interval }, n) => n === 0 || observedAt - (interval ?? 0) === rows[n - 1]?.observedAt);
    expect(gapless()).toBe(true);
    rows.push(...vm(await pollAfter(300), 1).rows);
    expect(gapless()).toBe(true);
    const spanS = ((rows.at(-1)?.observedAt ?? 0) - (rows[0]?.observedAt ?? 0)) / 1e6 + 60;
    expect(total(rows)).toBe(BigInt(spanS) * 500_000_000n);
  });

  it('leaves out a coarse row that reaches over what was read, and says so', async () => {
    const { pool, pollAfter, events } = await bench({}, { step: 5, backfill: '2h' });
    pool.shows = steady(pool.addVm(1, 0));
    const before = vm(await pollAfter(0), 1).rows.at(-1)?.observedAt ?? 0;
    const rows = vm(await pollAfter(3600), 1).rows;
    expect((rows[0]?.observedAt ?? 0) - (rows[0]?.interval ?? 0)).toBeGreaterThanOrEqual(before);
    expect(rows[0]?.interval).toBe(60e6);
    expect(events).toContainEqual(expect.objectContaining({ event: 'values.missing', reason: 'coarser', count: 1 }));
  });

  it('does not take rows of an hour for rows of a minute', async () => {
    const { pool, poll, events } = await bench();
    const uuid = pool.addVm(1, 0);
    pool.shows = steady(uuid);
    pool.react = ({ name }) =>
      name === 'rrd_updates'
        ? {
            status: 200,
            body: `{"meta":{"start":1,"step":3600,"end":${START_S - 630},"legend":["AVERAGE:vm:${uuid}:cpu0"]},"data":[{"t":1772960400,"values":["0.5"]}]}`,
          }
        : undefined;
    expect(vm(await poll(), 1).rows).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ event: 'values.missing', reason: 'coarser', count: 1 }));
  });
});

describe('the inventory', () => {
  it('follows events beside the polls', async () => {
    const { pool, poll } = await bench();
    pool.shows = steady(pool.addVm(1, 0));
    await poll();
    pool.put('VM', 'OpaqueRef:vm1', { name_label: 'renamed' });
    const two = pool.addVm(2, 0);
    pool.shows = steady(two);
    await vi.waitFor(async () => {
      const seen = await poll();
      expect(vm(seen, 1).identity?.name).toBe('renamed');
      expect(vm(seen, 2).state).toBe('RUNNING');
    }, 5000);
    pool.put('VM', 'OpaqueRef:vm1', { power_state: 'Halted' });
    await vi.waitFor(async () => expect(vm(await poll(), 1)).toMatchObject({ state: 'SHUTOFF', epoch: null }), 5000);
    expect(pool.count('event.from')).toBeLessThan(12);
  });

  it('tells what happened as soon as it hears of it', async () => {
    const { pool, connect, poll, clock } = await bench();
    const uuid = pool.addVm(1, 0, { other_config: { nova_uuid: '1000000a-0000-4000-8000-0000000000bb' } });
    pool.addVm(2, 0);
    const heard: string[] = [];
    const session = await connect();
    session.changes?.subscribe(({ uuid: whose, what }) => heard.push(`${whose?.toString('hex').slice(0, 8)} ${what}`));
    await poll();
    const since = clock.now();
    pool.put('VM', 'OpaqueRef:vm1', { power_state: 'Halted', resident_on: 'OpaqueRef:NULL' });
    await vi.waitFor(() => expect(heard).toEqual(['1000000a stopped']), 5000);
    // XAPI is asked again a second after the last answer.
    expect(clock.now() - since).toBeLessThan(2e6);
    pool.put('VIF', 'OpaqueRef:vif9', { VM: 'OpaqueRef:vm2', device: '1', MAC: 'AA:BB:00:00:00:99' });
    await vi.waitFor(() => expect(heard.slice(1)).toEqual(['10000002 changed']), 5000);
    // What was not heard of is found by comparing.
    pool.forgetEvents();
    pool.put('VM', 'OpaqueRef:vm1', { power_state: 'Running', resident_on: 'OpaqueRef:host0' });
    await vi.waitFor(() => expect(heard.slice(2)).toEqual(['1000000a started']), 5000);
    expect(uuid).not.toContain('1000000a');
  });

  it('an early poll does not make the hosts’ time shorter', async () => {
    const { pool, connect, pollAfter, clock } = await bench();
    pool.shows = steady(pool.addVm(1, 0));
    await pollAfter(0);
    await pollAfter(60);
    const session = await connect();
    clock.jump(60);
    const signal = new AbortController().signal;
    await session.poll(signal, 'due');
    clock.jump(6);
    await session.poll(signal, 'early');
    clock.jump(1);
    let askedFor = 0;
    pool.react = ({ name }) => {
      if (name !== 'rrd_updates') return undefined;
      askedFor = clock.monotonic();
      return 'hang';
    };
    clock.jump(54);
    const { partial } = await session.poll(signal, 'due');
    expect(partial).toContain('xs0');
    // Half of what a poll has: as long as if there had not been the early one.
    expect(clock.monotonic() - askedFor).toBeGreaterThan(900_000);
  });

  it('tells of a VM that was deleted, once', async () => {
    const { pool, poll, clock } = await bench();
    pool.addVm(1, 0);
    pool.addVm(2, 0);
    await poll();
    pool.drop('OpaqueRef:vm1');
    const seen = await vi.waitFor(async () => {
      const each = await poll();
      expect(vm(each, 1).deletedAt).not.toBeNull();
      return each;
    }, 5000);
    expect(vm(seen, 1)).toMatchObject({ state: 'SHUTOFF', rows: [], identity: { name: 'vm1' } });
    expect(Math.abs((vm(seen, 1).deletedAt ?? 0) - clock.now())).toBeLessThan(5e6);
    expect((await poll()).instances).toHaveLength(1);
  });

  it('notices what was deleted while there was no session', async () => {
    const { pool, poll, connect } = await bench();
    pool.addVm(1, 0);
    await poll();
    await (await connect()).close();
    pool.drop('OpaqueRef:vm1');
    await connect();
    expect(vm(await poll(), 1).deletedAt).not.toBeNull();
  });

  it('begins anew when events are lost', async () => {
    const { pool, poll } = await bench();
    pool.addVm(1, 0);
    await poll();
    pool.forgetEvents();
    pool.addVm(2, 0);
    await vi.waitFor(async () => expect(vm(await poll(), 2)).toBeDefined(), 5000);
    expect(pool.asked.filter(({ name, params }) => name === 'event.from' && params[2] === '').length).toBe(2);
  });

  it('is asked for class by class where there is no event.from', async () => {
    const react = ({ name }: { name: string }) =>
      name === 'event.from' ? { fail: ['MESSAGE_METHOD_UNKNOWN', 'event.from'] } : undefined;
    const { pool, poll } = await bench({ react });
    pool.shows = steady(pool.addVm(1, 0));
    expect(vm(await poll(), 1).rows).toHaveLength(120);
    expect(pool.count('VM.get_all_records')).toBe(1);
  });

  it('lets a clone that has its original’s nova uuid go by its own', async () => {
    const { pool, poll } = await bench();
    const nova = '2000000a-0000-4000-8000-0000000000bb';
    pool.addVm(2, 0, { other_config: { nova_uuid: nova } });
    const first = await poll();
    expect(first.instances[0]?.uuid.toString('hex')).toBe(nova.replaceAll('-', ''));
    pool.addVm(1, 0, { other_config: { nova_uuid: nova } });
    await vi.waitFor(async () => expect((await poll()).instances).toHaveLength(2), 5000);
    const { instances } = await poll();
    expect(instances.map(({ uuid, identity }) => [identity?.name, uuid.toString('hex').slice(0, 8)]).sort()).toEqual([
      ['vm1', '10000001'],
      ['vm2', '2000000a'],
    ]);
  });

  it('keeps one of two VMs that have one uuid, the one that runs', async () => {
    const { pool, poll, events } = await bench();
    const uuid = pool.addVm(1, 0, { power_state: 'Halted' });
    pool.addVm(2, 0, { uuid });
    const { instances } = await poll();
    expect(instances).toHaveLength(1);
    expect(instances[0]).toMatchObject({ state: 'RUNNING', identity: { name: 'vm2' } });
    expect(events).toContainEqual({ event: 'reading.dropped', reason: 'duplicate_uuid', count: 1 });
  });

  it('takes tenants from the keys that are configured', async () => {
    const tenant = { projectId: 'cs_project', userId: 'cs_user' };
    const { pool, poll } = await bench({}, { tenant });
    pool.addVm(1, 0, { other_config: { cs_project: 'p1', cs_user: 'u1' } });
    expect(vm(await poll(), 1).identity).toMatchObject({ projectId: 'p1', userId: 'u1', projectName: null });
  });
});

describe('a migration', () => {
  it('gives every row once though both hosts show it', async () => {
    const { pool, pollAfter } = await bench({ hosts: 2 });
    const uuid = pool.addVm(1, 0);
    let isMoved = false;
    pool.shows = (host, t) => {
      if (host === 1 && !isMoved) return {};
      // The host that it left goes on showing it, without values.
      const value = isMoved && host === 0 ? Number.NaN : 0.25;
      return { [uuid]: { cpu0: value, cpu1: value, memory: t } };
    };
    const seen = [...vm(await pollAfter(0), 1).rows];
    isMoved = true;
    pool.put('VM', 'OpaqueRef:vm1', { resident_on: 'OpaqueRef:host1' });
    await vi.waitFor(async () => {
      const each = vm(await pollAfter(2), 1);
      seen.push(...each.rows);
      expect(each.identity?.host).toBe('xs1');
    }, 5000);
    for (let n = 0; n < 24; n++) seen.push(...vm(await pollAfter(10), 1).rows);
    const ends = seen.map(({ observedAt }) => observedAt / 1e6);
    expect(ends).toEqual(ends.map((_, n) => (ends[0] ?? 0) + n * 60));
    expect(ends.length).toBeGreaterThanOrEqual(123);
    expect(total(seen)).toBe(BigInt(ends.length) * 30_000_000_000n);
    expect(vm(await pollAfter(0), 1).epoch).toMatch(/@20260308T09:00:00Z$/);
  });
});
