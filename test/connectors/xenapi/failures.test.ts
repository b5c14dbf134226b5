import { describe, expect, it, vi } from 'vitest';
import { xenapi, xenapiSchema } from '../../../connectors/xenapi/xenapi.ts';
import { type Asked, hostUuid, type PoolOptions, type Reaction } from './a-pool.ts';
import { bench } from './bench.ts';

const to =
  (name: string, reaction: Reaction, host?: number): PoolOptions['react'] & object =>
  (asked: Asked) =>
    asked.name === name && (host ?? asked.host) === asked.host ? reaction : undefined;

const gauges = (uuid: string) => () => ({ [uuid]: { cpu0: 0.5, cpu1: 0.5, memory: 1 } });

describe('logging in', () => {
  it('logs out at the end, whichever wire', async () => {
    for (const wire of ['json', 'xml', '404'] as const) {
      const { pool, connect } = await bench({ wire });
      pool.addVm(1, 0);
      const session = await connect();
      expect(pool.sessions.size).toBe(1);
      await session.close();
      await session.close();
      expect(pool.sessions.size).toBe(0);
      expect(await session.closed).toBeUndefined();
      const [login] = pool.asked.filter(({ name }) => name === 'session.login_with_password');
      expect(login?.params).toEqual(['meter', 'secret', '1.0', 'hypermeter']);
    }
  });

  it('names a wrong password and tries nobody else, without showing what was typed', async () => {
    const { pool, connect } = await bench({ hosts: 2 }, { password: 'wrong' });
    const error: Error = await connect().then(Promise.reject, (reason) => reason);
    expect(error).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('refuses user meter: wrong username or password'),
    });
    expect(JSON.stringify([error.message, error.stack])).not.toMatch(/secret|wrong"/);
    expect(pool.asked).toHaveLength(1);
  });

  it('follows a member to the coordinator', async () => {
    const { pool, poll } = await bench({ hosts: 3 });
    pool.coordinator = 2;
    pool.put('pool', 'OpaqueRef:pool', { master: 'OpaqueRef:host2' });
    pool.shows = gauges(pool.addVm(1, 1));
    const seen = await poll();
    expect(seen).toMatchObject({ partial: null, calls: 3 });
    expect(seen.instances[0]?.rows).toHaveLength(120);
    expect(pool.asked.filter(({ name }) => name === 'event.from').every(({ host }) => host === 2)).toBe(true);
  });

  it('goes to the next candidate when one is down, and one that failed is asked last', async () => {
    const { pool, clock } = await bench({ hosts: 3 });
    const urls = [0, 1, 2].map((n) => pool.urlOf(n));
    await pool.stop(0);
    pool.coordinator = 1;
    const config = { name: 'p', type: 'xenapi', url: urls, username: 'meter', password: 'secret' };
    const endpoint = xenapi.create(xenapiSchema.parse(config), { clock, report: () => undefined });
    if (!('connect' in endpoint)) throw new Error('no endpoint');
    for (const calls of [3, 3]) {
      pool.asked.length = 0;
      const session = await endpoint.connect(AbortSignal.timeout(20_000));
      await session.close();
      expect(pool.asked.length).toBeLessThanOrEqual(calls + 1);
      expect(pool.asked.some(({ host }) => host === 1)).toBe(true);
    }
    expect(pool.sessions.size).toBe(0);
  });

  it('finds the new coordinator among the members it knew', async () => {
    const { pool, connect, poll } = await bench({ hosts: 2 });
    pool.addVm(1, 1);
    await poll();
    const session = await connect();
    await pool.stop(0);
    pool.coordinator = 1;
    pool.put('pool', 'OpaqueRef:pool', { master: 'OpaqueRef:host1' });
    expect(await session.closed).toMatchObject({
      code: 'lost',
      message: expect.stringContaining('cannot be followed'),
    });
    await session.close();
    await connect();
    expect((await poll()).instances).toHaveLength(1);
  });

  it('gives back a session that comes too late', async () => {
    const { pool, clock } = await bench();
    let answer: (() => void) | undefined;
    pool.react = (asked) =>
      asked.name === 'session.login_with_password'
        ? {
            stream: (response) => {
              pool.sessions.add('OpaqueRef:late');
              answer = () =>
                response
                  .writeHead(200, { 'content-type': 'application/json' })
                  .end('{"jsonrpc":"2.0","id":1,"result":"OpaqueRef:late"}');
            },
          }
        : undefined;
    const config = { name: 'p', type: 'xenapi', url: pool.urlOf(0), username: 'meter', password: 'secret' };
    const endpoint = xenapi.create(xenapiSchema.parse(config), { clock, report: () => undefined });
    if (!('connect' in endpoint)) throw new Error('no endpoint');
    const stop = new AbortController();
    const connecting = endpoint.connect(stop.signal);
    await vi.waitFor(() => expect(answer).toBeDefined());
    stop.abort(new Error('stopped'));
    await expect(connecting).rejects.toThrow('stopped');
    answer?.();
    await vi.waitFor(() => expect(pool.sessions.size).toBe(0));
  });

  it.each<[string, Reaction, string]>([
    ['an error of the server', { status: 500 }, 'protocol'],
    ['a page', { status: 200, type: 'text/html', body: '<html>' }, 'protocol'],
    ['a cut', 'cut', 'lost'],
    ['nothing', 'hang', 'timeout'],
    ['a host that boots', { fail: ['HOST_STILL_BOOTING'] }, 'unreachable'],
    ['a loop of slaves', { fail: ['HOST_IS_SLAVE', '127.0.0.1:1'] }, 'unreachable'],
    ['no session', { value: 7 }, 'protocol'],
    ['2 MB', { status: 200, body: ' '.repeat(2 << 20) }, 'protocol'],
  ])('says what came instead of a session: %s', async (_, reaction, code) => {
    const { connect } = await bench({ react: to('session.login_with_password', reaction) });
    await expect(connect()).rejects.toMatchObject({ name: 'EndpointError', code });
  });

  it('logs out when the inventory cannot be read', async () => {
    const { pool, connect } = await bench({ react: to('event.from', { fail: ['RBAC_PERMISSION_DENIED', 'x'] }) });
    await expect(connect()).rejects.toMatchObject({ code: 'refused', message: /refuses to be read: RBAC/ });
    expect(pool.sessions.size).toBe(0);
  });
});

describe('a session that XAPI dropped', () => {
  it('tries again with a new login after one that nobody answered', async () => {
    const { pool, pollAfter } = await bench();
    pool.shows = gauges(pool.addVm(1, 0));
    await pollAfter(0);
    pool.sessions.clear();
    pool.react = to('session.login_with_password', 'hang');
    await pollAfter(60);
    const logins = () => pool.asked.filter(({ name }) => name === 'session.login_with_password').length;
    expect(logins()).toBeGreaterThan(1);
    pool.react = undefined;
    await vi.waitFor(async () => expect((await pollAfter(60)).instances[0]?.rows.length).toBeGreaterThan(0), 4000);
  });

  it('is renewed once for all who need it, and what they asked is asked again', async () => {
    const { pool, connect, poll } = await bench({ hosts: 4 });
    pool.shows = gauges(pool.addVm(1, 3));
    await connect();
    pool.sessions.clear();
    const seen = await poll();
    expect(seen.partial).toBeNull();
    expect(seen.instances[0]?.rows).toHaveLength(120);
    expect(pool.count('session.login_with_password')).toBe(2);
    pool.put('VM', 'OpaqueRef:vm1', { name_label: 'renamed' });
    await vi.waitFor(async () => expect((await poll()).instances[0]?.identity?.name).toBe('renamed'), 5000);
    expect(pool.count('session.login_with_password')).toBe(2);
  });

  it('is not renewed for ever', async () => {
    const { pool, poll, events } = await bench();
    pool.addVm(1, 0);
    pool.react = to('rrd_updates', { status: 401 });
    expect(await poll()).toMatchObject({ partial: expect.stringContaining('xs0') });
    expect(pool.count('session.login_with_password')).toBe(2);
    expect(events).toContainEqual(expect.objectContaining({ event: 'part.failed', part: 'xs0' }));
  });
});

describe('a host that fails', () => {
  it.each<[string, Reaction, string]>([
    ['without its statistics daemon', { status: 500 }, 'protocol'],
    ['that forbids', { status: 403 }, 'refused'],
    ['that hangs', 'hang', 'timeout'],
    ['that cuts the connection', 'cut', 'lost'],
    ['that answers a page', { status: 200, body: '<html></html>' }, 'protocol'],
    ['with a document type', { status: 200, body: '<!DOCTYPE a><xport/>' }, 'protocol'],
    [
      'that drips',
      {
        stream: (response) => {
          response.writeHead(200);
          const timer = setInterval(() => response.write(' '), 50);
          response.on('close', () => clearInterval(timer));
        },
      },
      'timeout',
    ],
  ])('costs its own VMs their rows only: one %s', async (_, reaction, reason) => {
    const { pool, poll, events } = await bench({ hosts: 2 });
    const [one, two] = [pool.addVm(1, 0), pool.addVm(2, 1)];
    pool.shows = (host) => (host === 0 ? gauges(one)() : gauges(two)());
    pool.react = to('rrd_updates', reaction, 1);
    const seen = await poll();
    expect(seen.instances.map(({ rows, state }) => [state, rows.length])).toEqual([
      ['RUNNING', 120],
      ['RUNNING', 0],
    ]);
    expect(seen.partial).toMatch(/^xs1: /);
    expect(events).toContainEqual(expect.objectContaining({ event: 'part.failed', part: 'xs1', reason }));
  });

  it('is made up for when it is back', async () => {
    const { pool, pollAfter } = await bench({ hosts: 2 });
    const uuid = pool.addVm(1, 1);
    pool.shows = (host) => (host === 1 ? gauges(uuid)() : {});
    const rows = (await pollAfter(0)).instances[0]?.rows.map(({ observedAt }) => observedAt / 1e6) ?? [];
    pool.react = to('rrd_updates', 'cut', 1);
    for (let n = 0; n < 10; n++) expect((await pollAfter(60)).instances[0]?.rows).toEqual([]);
    pool.react = undefined;
    for (let n = 0; n < 12; n++)
      rows.push(...((await pollAfter(10)).instances[0]?.rows.map(({ observedAt }) => observedAt / 1e6) ?? []));
    expect(rows).toEqual(rows.map((_, n) => (rows[0] ?? 0) + n * 60));
    expect(rows.length).toBeGreaterThanOrEqual(131);
    expect((await pollAfter(0)).partial).toBeNull();
  });

  it('that answers without end is given up at the limit, and asked for half', async () => {
    const { pool, pollAfter, events } = await bench();
    pool.shows = gauges(pool.addVm(1, 0));
    let sent = 0;
    const piece = Buffer.alloc(1 << 20, ' ');
    pool.react = (asked) =>
      asked.name === 'rrd_updates' && asked.query.get('start') === '-7190'
        ? {
            stream: (response) => {
              response.writeHead(200);
              const more = (): void => {
                while (!response.destroyed && sent < 200) if (!response.write(piece, () => sent++)) break;
                if (!response.destroyed && sent < 200) response.once('drain', more);
              };
              more();
            },
          }
        : undefined;
    expect((await pollAfter(0)).partial).toMatch(/xs0: /);
    expect(sent).toBeLessThan(200);
    expect(events).toContainEqual(expect.objectContaining({ event: 'part.failed', part: 'xs0' }));
    expect((await pollAfter(60)).instances[0]?.rows.length).toBeGreaterThanOrEqual(59);
  });

  it('that the pool holds for dead is not asked', async () => {
    const { pool, poll } = await bench({ hosts: 2 });
    pool.addVm(1, 1);
    pool.put('host_metrics', 'OpaqueRef:hm1', { live: false });
    const seen = await poll();
    expect(seen).toMatchObject({ calls: 1, partial: 'xs1: the pool holds it for dead' });
    expect(pool.asked.filter(({ name, host }) => name === 'rrd_updates' && host === 1)).toEqual([]);
  });

  it('does not keep the others waiting: those that hang come last', async () => {
    const { pool, pollAfter } = await bench({ hosts: 6 }, { concurrency: 1 });
    const uuid = pool.addVm(1, 5);
    pool.shows = (host) => (host === 5 ? gauges(uuid)() : {});
    pool.react = to('rrd_updates', 'hang', 0);
    const polls = [await pollAfter(0), await pollAfter(10), await pollAfter(10)];
    expect(polls.flatMap(({ instances }) => instances[0]?.rows ?? [])).toHaveLength(120);
  });

  it('of a thousand columns that are nobody’s costs nothing', async () => {
    const { pool, poll, events } = await bench();
    const uuid = pool.addVm(1, 0);
    const strange = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`cpu${n}-P15`, 1]));
    pool.shows = () => ({ ...gauges(uuid)(), 'no-uuid': strange, [hostUuid(7)]: strange });
    expect((await poll()).instances[0]?.rows.at(-1)?.cpuTime).toBe(60_000_000_000n);
    expect(events.filter(({ event }) => event === 'reading.dropped')).toEqual([]);
  });
});

describe('the long poll', () => {
  it('that is cut is begun again, and says so meanwhile', async () => {
    const { pool, poll, events } = await bench();
    pool.addVm(1, 0);
    await poll();
    let cuts = 0;
    pool.react = ({ name }) => (name === 'event.from' && cuts++ < 2 ? 'cut' : undefined);
    pool.put('VM', 'OpaqueRef:vm1', { name_label: 'renamed' });
    await vi.waitFor(async () => {
      const seen = await poll();
      expect(seen.instances[0]?.identity?.name).toBe('renamed');
      expect(seen.partial).toBeNull();
    }, 8000);
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'part.failed', part: 'event.from', reason: 'lost' }),
    );
  });

  it('ends the session when the coordinator is another host now', async () => {
    const { pool, connect } = await bench({ hosts: 2 });
    const session = await connect();
    pool.coordinator = 1;
    pool.put('pool', 'OpaqueRef:pool', { master: 'OpaqueRef:host1' });
    expect(await session.closed).toMatchObject({ code: 'lost' });
  });

  it('does not keep a close waiting', async () => {
    const { pool, connect } = await bench();
    const session = await connect();
    await vi.waitFor(() => expect(pool.count('event.from')).toBe(2), 5000);
    await session.close();
    expect(pool.sessions.size).toBe(0);
  });
});
