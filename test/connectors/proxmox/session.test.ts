import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../connectors/connector.ts';
import { aCluster, amounts, cumulative, guestIn, SECOND, START } from './a-cluster.ts';

describe('a poll', () => {
  it('is one call, once it is known whose the counters are', async () => {
    const { connect, poll, fake, world } = await aCluster({ nodes: 2, guests: 8 });
    const session = await connect();
    const first = await poll(session);
    // Containers are on the second node only.
    expect(first.calls).toBe(1 + 3);
    fake.calls.length = 0;
    for (let n = 0; n < 60; n++) expect((await poll(session)).calls).toBe(1);
    expect(fake.calls.map(({ name }) => name)).toEqual(Array(60).fill('GET /cluster/resources'));
    expect(world.guests.size).toBe(8);
  });

  it('gives what the last round of pvestatd saw', async () => {
    const { connect, poll, world, clock } = await aCluster();
    const session = await connect();
    const seen = await poll(session);
    expect(seen).toMatchObject({ partial: null, bootedAt: null, startedAt: START + 10 * SECOND });
    expect(seen.instances).toHaveLength(4);
    const guest = world.guest(100);
    const instance = guestIn(seen, 100);
    expect(instance).toMatchObject({
      epoch: `lab/qemu/100@pve1/${guest.life?.pid}`,
      state: 'RUNNING',
      deletedAt: null,
      disks: [{ id: 'total', epoch: null }],
      nics: [{ id: 'total', epoch: null }],
      identity: {
        name: 'guest-100',
        instanceName: 'qemu-100',
        host: 'pve1',
        projectId: 'gold',
        metadata: { vmid: '100', type: 'qemu', pool: 'gold', tags: 'web;prod' },
      },
    });
    expect(Math.abs((instance.startedAt ?? 0) - (guest.life?.beganAt ?? 0))).toBeLessThanOrEqual(SECOND);
    const sample = guest.told?.counters;
    expect(instance.rows).toHaveLength(1);
    expect(instance.rows[0]).toMatchObject({
      observedAt: clock.now(),
      monotonic: clock.monotonic(),
      interval: null,
      cpuTime: null,
      vcpus: 2n,
      memory: 4n * 2n ** 30n,
      memoryUsage: 2n ** 30n,
      memoryResident: 2n ** 30n,
      disks: [{ readBytes: BigInt(sample?.diskread ?? 0), writeBytes: BigInt(sample?.diskwrite ?? 0), capacity: null }],
      nics: [{ rxBytes: BigInt(sample?.netin ?? 0), txBytes: BigInt(sample?.netout ?? 0), rxPackets: null }],
    });
    expect(guestIn(seen, 103)).toMatchObject({ identity: { instanceName: 'lxc-103', host: 'pve2', projectId: null } });
    expect(cumulative(guestIn(seen, 103))?.memoryResident).toBeNull();
  });

  it('gives nodes as hosts', async () => {
    const { connect, poll } = await aCluster();
    const session = await connect();
    await poll(session);
    const { hosts } = await poll(session);
    expect(hosts.map(({ identity, state }) => [identity?.name, state])).toEqual([
      ['pve1', 'RUNNING'],
      ['pve2', 'RUNNING'],
    ]);
    const [interval, now] = hosts[0]?.rows ?? [];
    expect(now).toMatchObject({ vcpus: 16n, memory: 64n * 2n ** 30n, memoryUsage: 16n * 2n ** 30n, interval: null });
    expect(Number(interval?.cpuTime) / Number(interval?.interval)).toBeCloseTo(0.25 * 16 * 1000, 3);
  });

  it('has no row where pvestatd has seen nothing new, and tells nothing twice', async () => {
    const { connect, poll } = await aCluster();
    const session = await connect();
    await poll(session);
    const seen: Observation[] = [];
    for (let n = 0; n < 30; n++) seen.push(await poll(session, 2));
    const rows = seen.flatMap((each) => cumulative(guestIn(each, 100)) ?? []);
    expect(rows.length).toBeLessThanOrEqual(6);
    expect(rows.length).toBeGreaterThanOrEqual(5);
    for (const each of seen) expect(guestIn(each, 100).state).toBe('RUNNING');
  });
});

describe('CPU time', () => {
  it('adds up to what was used, in rows that join', async () => {
    const { connect, poll, world } = await aCluster();
    const session = await connect();
    await poll(session);
    const first = world.guest(101).told?.at ?? 0;
    let sum = 0n;
    const rows = [];
    for (let n = 0; n < 120; n++) rows.push(...amounts(guestIn(await poll(session), 101)));
    for (const { cpuTime } of rows) sum += cpuTime ?? 0n;
    const last = world.guest(101).told?.at ?? 0;
    const truth = world.consumed(101, 'cpu', first, last);
    // A second of uptime too much here is one too little there, of whatever was used then.
    expect(Math.abs(Number(sum) - truth) / truth).toBeLessThan(0.01);
    for (const [n, row] of rows.entries())
      if (n > 0) expect(row.observedAt - (row.interval ?? 0)).toBe(rows[n - 1]?.observedAt);
  });

  it('of rounds that were not seen is not told', async () => {
    const { connect, poll, events } = await aCluster();
    const session = await connect();
    await poll(session);
    const row = amounts(guestIn(await poll(session, 60), 100))[0];
    expect(row?.interval).toBe(10 * SECOND);
    expect(events).toContainEqual(expect.objectContaining({ event: 'values.missing', reason: 'hole', count: 4 }));
  });

  it('is not 0 because pvestatd began anew', async () => {
    const { connect, poll, world } = await aCluster();
    const session = await connect();
    await poll(session);
    await poll(session);
    world.restartStatd('pve1');
    const shares: (readonly bigint[])[] = [];
    for (let n = 0; n < 4; n++)
      shares.push(amounts(guestIn(await poll(session), 100)).map(({ cpuTime }) => cpuTime ?? 0n));
    expect(shares.flat().every((amount) => amount > 0n)).toBe(true);
    expect(shares.flat().length).toBeLessThan(4);
    const hosts = (await poll(session)).hosts[0]?.rows ?? [];
    expect(hosts[0]?.cpuTime).toBeGreaterThan(0n);
  });
});

describe('an epoch', () => {
  const epochs = (seen: readonly Observation[], vmid = 100) => [
    ...new Set(seen.flatMap((each) => (cumulative(guestIn(each, vmid)) ? guestIn(each, vmid).epoch : []))),
  ];

  it('lasts as long as the process, whatever the age that is told', async () => {
    const { connect, poll } = await aCluster();
    const session = await connect();
    const seen = [];
    for (let n = 0; n < 200; n++) seen.push(await poll(session, [9, 10, 11, 3, 25, 1][n % 6]));
    expect(epochs(seen)).toHaveLength(1);
  });

  it('is the same to every collector', async () => {
    const { connect, poll, endpoint } = await aCluster();
    const seen = [];
    for (const pause of [1, 3.7, 8.2, 5.5]) seen.push(await poll(await connect(endpoint()), pause));
    expect(epochs(seen)).toHaveLength(1);
  });

  it('is another after a restart and after a live migration, and its values are its own', async () => {
    const { connect, poll, world } = await aCluster();
    const session = await connect();
    const seen = [await poll(session)];
    world.restart(100);
    for (let n = 0; n < 4; n++) seen.push(await poll(session, 7));
    world.migrate(100, 'pve2');
    for (let n = 0; n < 4; n++) seen.push(await poll(session, 7));
    const pids = world.guest(100).lives.map(({ node, pid }) => `lab/qemu/100@${node}/${pid}`);
    expect(epochs(seen)).toEqual(pids);
    for (const each of seen) {
      const { epoch } = guestIn(each, 100);
      const life = world.guest(100).lives[pids.indexOf(epoch ?? '')];
      const rx = cumulative(guestIn(each, 100))?.nics[0]?.rxBytes;
      if (life && rx !== undefined && rx !== null)
        expect(rx).toBeLessThanOrEqual(BigInt(world.guest(100).usedBy(life, 'netin', each.endedAt)));
    }
    expect(guestIn(seen.at(-1) as Observation, 100).identity?.host).toBe('pve2');
  });

  it('goes on when a device is unplugged', async () => {
    const { connect, poll, world } = await aCluster();
    const session = await connect();
    const seen = [await poll(session)];
    world.guest(100).unplugged = { diskread: 500_000_000, diskwrite: 10_000 };
    for (let n = 0; n < 3; n++) seen.push(await poll(session));
    expect(epochs(seen)).toHaveLength(1);
    expect(seen.map(({ calls }) => calls)).toEqual([4, 2, 1, 1]);
  });
});

describe('what is not told', () => {
  it('disks of a monitor that does not answer', async () => {
    const { connect, poll, world } = await aCluster();
    const session = await connect();
    await poll(session);
    world.guest(100).isMonitorMute = true;
    const seen = await poll(session);
    expect(cumulative(guestIn(seen, 100))).toMatchObject({
      disks: [{ readBytes: null, writeBytes: null }],
      nics: [{ rxBytes: expect.any(BigInt) }],
    });
    world.guest(100).isMonitorMute = false;
    const after = await poll(session);
    expect(after.calls).toBe(1);
    expect(cumulative(guestIn(after, 100))?.disks[0]?.readBytes).toBeGreaterThan(0n);
  });

  it('a guest that is off', async () => {
    const { connect, poll, world } = await aCluster();
    const session = await connect();
    world.stop(100);
    await poll(session, 15);
    const seen = await poll(session, 15);
    expect(guestIn(seen, 100)).toMatchObject({ state: 'SHUTOFF', rows: [], epoch: null, disks: [], nics: [] });
    expect(seen.partial).toBeNull();
  });

  it.each([
    ['running', 'RUNNING'],
    ['paused', 'PAUSED'],
    ['prelaunch', 'PAUSED'],
    ['io-error', 'PAUSED'],
    ['shutdown', 'SHUTDOWN'],
    ['guest-panicked', 'PAUSED'],
  ])('%s is %s, with counters', async (status, state) => {
    const { connect, poll, world } = await aCluster();
    world.guest(100).runState = status;
    const seen = await poll(await connect(), 12);
    expect(guestIn(seen, 100).state).toBe(state);
    expect(guestIn(seen, 100).rows).toHaveLength(1);
  });

  it('what the guests of a node do that is offline, though old values are still told', async () => {
    const { connect, poll, world } = await aCluster();
    const session = await connect();
    await poll(session);
    world.cutOff('pve2');
    const seen = await poll(session);
    expect(seen.partial).toBe('pve2 is offline: what its guests do is not known');
    expect(seen.instances).toHaveLength(4);
    expect(guestIn(seen, 101)).toMatchObject({ state: 'NOSTATE', rows: [], identity: { host: 'pve2' } });
    expect(guestIn(seen, 100).rows.length).toBeGreaterThan(0);
    expect(seen.hosts.map(({ state, rows }) => [state, rows.length > 0])).toEqual([
      ['RUNNING', true],
      ['NOSTATE', false],
    ]);
    world.comeBack('pve2');
    await poll(session, 15);
    const back = await poll(session, 15);
    expect(back.partial).toBeNull();
    expect(guestIn(back, 101).state).toBe('RUNNING');
  });

  it('anything after five minutes without pvestatd', async () => {
    const { connect, poll, world } = await aCluster();
    const session = await connect();
    await poll(session);
    world.hang('pve2', true);
    const stale = await poll(session, 120);
    expect(guestIn(stale, 101)).toMatchObject({ state: 'RUNNING', rows: [] });
    const seen = await poll(session, 300);
    expect(guestIn(seen, 101)).toMatchObject({ state: 'NOSTATE', rows: [], identity: null });
    expect(seen.partial).toBe('pve2 tells nothing of some guests: look at pvestatd there');
    world.hang('pve2', false);
    await poll(session, 15);
    const back = await poll(session, 15);
    expect(guestIn(back, 101).rows.length).toBeGreaterThan(0);
  });

  it('whose counters they are, of a node that does not answer', async () => {
    const { connect, poll, fake, events, clock } = await aCluster();
    const session = await connect();
    fake.react = ({ name }) =>
      name === 'GET /nodes/pve2/qemu' ? { status: 595, type: 'text/plain', body: 'x' } : undefined;
    const seen = await poll(session);
    expect(guestIn(seen, 101)).toMatchObject({ state: 'RUNNING', rows: [] });
    expect(guestIn(seen, 100).rows).toHaveLength(1);
    expect(seen.partial).toBe('/nodes/pve2/qemu did not answer: whose counters they are is not known');
    const told = events.find(({ event }) => event === 'part.failed');
    expect(told).toMatchObject({ part: '/nodes/pve2/qemu', reason: 'unreachable' });
    expect(String(told && 'error' in told && told.error)).toMatch(/HTTP 595: it cannot reach that node/);
    // It is left alone for half a minute.
    expect((await poll(session)).calls).toBe(1);
    fake.react = undefined;
    await clock.advance(20_000);
    expect(guestIn(await poll(session), 101).rows).toHaveLength(1);
  });
});

it('a lone node goes by its own name', async () => {
  const { connect, poll } = await aCluster({ nodes: 1, cluster: null });
  const seen = await poll(await connect());
  expect(guestIn(seen, 100, 'pve1').epoch).toMatch(/^pve1\/qemu\/100@pve1\//);
});

it('the name of the cluster can be set', async () => {
  const { connect, poll, endpoint, fake } = await aCluster();
  const seen = await poll(await connect(endpoint({ cluster: 'mine' })));
  expect(guestIn(seen, 100, 'mine').rows).toHaveLength(1);
  expect(fake.count('GET /cluster/status')).toBe(0);
});
