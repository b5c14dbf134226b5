import { mkdtempSync, rmSync } from 'node:fs';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { selfSigned } from '../certificate.ts';
import { FakePool, type PoolOptions } from './fake-pool.ts';
import { always, atMost, either, type Reaction, rrddDown, withDtd } from './reaction.ts';
import { sampleWorld } from './sample-world.ts';

const START_US = 1_772_964_000_000_000;
const START_S = START_US / 1_000_000;
const at = (seconds: number): number => START_US + seconds * 1_000_000;

let now = at(1800);
let pool: FakePool;
afterEach(() => pool.close());

/** Two hosts with two guests each and a clock that stands still, half an hour after the beginning. */
async function start(options: Partial<PoolOptions> = {}): Promise<string> {
  now = at(1800);
  const world = sampleWorld({ startedAt: START_US, skewsUs: [0, 90_000_000] });
  pool = await FakePool.start({ world, clock: { now: () => now, sleep: delay as never }, ...options });
  return pool.sessions.login('test');
}

const guest = (name: string): string => pool.world.vms.find((vm) => vm.name === name)?.uuid as string;

async function call(method: string, ...params: readonly unknown[]) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method, params });
  return (await fetch(`${pool.url()}/jsonrpc`, { method: 'POST', body })).json();
}

interface Rates {
  readonly meta: { readonly start: string; readonly step: string; readonly legend: readonly string[] };
  readonly data: readonly { readonly t: string; readonly values: readonly string[] }[];
}

const path = (session: string, query: string): string => `/rrd_updates?session_id=${session}&cf=AVERAGE&${query}`;
async function rates(session: string, query: string, host = 0): Promise<Rates> {
  const answer = await fetch(`${pool.url(host)}${path(session, `json=true&${query}`)}`, {
    headers: { accept: 'application/json' },
  });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()) as Rates;
}
const vmsOf = ({ meta }: Rates): Set<string> => new Set(meta.legend.map((entry) => entry.split(':')[2] as string));

describe('calls', () => {
  it('are answered as JSON-RPC 2.0, failures with the name of the error', async () => {
    const session = await start();
    const fails = (message: string, ...data: string[]) => ({
      jsonrpc: '2.0',
      id: 7,
      error: { code: 1, message, data },
    });
    expect(await call('pool.get_all', session)).toMatchObject({ jsonrpc: '2.0', id: 7, result: [expect.any(String)] });
    expect(await call('pool.get_all', 'x')).toEqual(fails('SESSION_INVALID', 'x'));
    expect(await call('session.login_with_password', 'root', 'x', '2.21', 't')).toEqual(
      fails('SESSION_AUTHENTICATION_FAILED', 'root', 'Authentication failure'),
    );
    expect(await call('VM.fly', session)).toEqual(fails('MESSAGE_METHOD_UNKNOWN', 'VM.fly'));
    pool.setCoordinator(1);
    const body = '{"id":7,"method":"pool.get_all","params":["x"]}';
    // Its connections were closed, which fetch may yet have to learn.
    const member = await vi.waitFor(() => fetch(`${pool.url(0)}/jsonrpc`, { method: 'POST', body }));
    expect(await member.json()).toEqual(fails('HOST_IS_SLAVE', '127.0.0.2'));
    expect(await call('pool.get_all', session)).toEqual(fails('SESSION_INVALID', session));
  });

  it('keep a session for a day', async () => {
    const session = await start();
    now += 23 * 3600e6;
    expect(await call('pool.get_all', session)).toHaveProperty('result');
    now += 23 * 3600e6;
    expect(await call('pool.get_all', session)).toHaveProperty('result');
    now += 25 * 3600e6;
    expect(await call('pool.get_all', session)).toHaveProperty('error.message', 'SESSION_INVALID');
    expect(pool.sessions.open).toBe(0);
  });

  it('end the oldest session of an originator that has 500', async () => {
    const session = await start();
    for (let i = 0; i < 500; i++) pool.sessions.login('test');
    expect([pool.sessions.open, pool.sessions.use(session)]).toEqual([500, false]);
  });

  it('tell of what happens when it does, at a time that was known', async () => {
    const session = await start();
    const { result } = (await call('event.from', session, ['vm'], '', 5)) as {
      result: { token: string; events: unknown[] };
    };
    expect(result.events).toHaveLength(7);
    pool.world.happen(guest('guest-0'), { at: at(1801), what: 'delete' });
    const asked = call('event.from', session, ['vm'], result.token, 30);
    await vi.waitFor(() => expect(pool.waiting).toBe(1));
    now = at(1802);
    pool.wake();
    expect(await asked).toMatchObject({
      result: { events: [{ class: 'vm', operation: 'del' }], valid_ref_counts: { vm: 6 } },
    });
  });
});

describe('/rrd_updates', () => {
  it('gives the newest first, from before the latest sample on', async () => {
    const session = await start();
    const { meta, data } = await rates(session, 'start=-130&interval=60');
    expect(data.map(({ t }) => Number(t) - START_S)).toEqual([1740, 1680]);
    expect([meta.step, meta.legend[0]?.slice(0, 11)]).toEqual(['60', 'AVERAGE:vm:']);
    expect((await rates(session, 'start=-12&interval=5')).data.map(({ t }) => Number(t) - START_S)).toEqual([
      1795, 1790, 1785,
    ]);
  });

  it('gives the times of the host it asks', async () => {
    const session = await start();
    const { data } = await rates(session, 'start=-70&interval=60', 1);
    expect(Number(data[0]?.t) - START_S).toBe(1860);
    const { result } = (await call('host.get_all', session)) as { result: string[] };
    expect(await call('host.get_servertime', session, result[1])).toHaveProperty('result', '20260308T10:31:30Z');
  });

  it('gives coarser rows without a word where finer ones do not reach back', async () => {
    const session = await start();
    expect((await rates(session, `start=${START_S}&interval=5`)).meta.step).toBe('60');
    expect((await rates(session, 'start=1&interval=5')).meta.step).toBe('86400');
    expect((await rates(session, 'start=-60&interval=6')).meta.step).toBe('5');
    expect((await rates(session, 'start=-60&interval=60')).meta.step).toBe('60');
    expect((await rates(session, 'start=-60&interval=61')).meta.step).toBe('60');
    expect((await rates(session, 'start=-60&interval=65')).meta.step).toBe('3600');
  });

  it('gives the VMs that were asked for, the host if asked', async () => {
    const session = await start();
    const asked = `vm_uuid=${guest('guest-0')}&vm_uuid=${guest('guest-3')}`;
    expect([...vmsOf(await rates(session, `start=-70&${asked}`))]).toEqual([guest('guest-0')]);
    const { meta } = await rates(session, 'start=-70&host=true');
    expect(meta.legend.slice(0, 7).map((entry) => entry.split(':').slice(3).join(':'))).toEqual([
      'cpu0',
      'cpu1',
      'cpu2',
      'cpu3',
      'cpu0-C1',
      'network/latency',
      'cpu_avg',
    ]);
  });

  it.each([
    ['text/xml', 'text/xml'],
    ['application/json', 'application/json'],
    ['*/*', 'application/json'],
    ['application/json;q=0.1, text/xml', 'text/xml'],
  ])('is asked for by Accept: %s', async (accept, type) => {
    const session = await start();
    const answer = await fetch(`${pool.url()}${path(session, 'start=-20')}`, { headers: { accept } });
    expect(answer.headers.get('content-type')).toBe(type);
    expect(await answer.text()).toMatch(
      type === 'text/xml' ? /^<\?xml.*\n<xport><meta><start>/ : /^{"meta":{"start":"/,
    );
  });

  it('refuses what xapi refuses', async () => {
    const session = await start();
    const status = async (query: string, headers = {}): Promise<number> =>
      (await fetch(`${pool.url()}/rrd_updates?${query}`, { headers })).status;
    expect(await status('start=-20')).toBe(401);
    expect(await status('start=-20&session_id=OpaqueRef:no')).toBe(401);
    expect(await status(`session_id=${session}`)).toBe(400);
    // A VM's RRD has no maxima, which is an exception in there.
    expect(await status(`session_id=${session}&start=-20&cf=MAX`)).toBe(500);
    expect(await status(`session_id=${session}&start=-20&vm_uuid=none`)).toBe(500);
    const authorization = `Basic ${Buffer.from('root:secret').toString('base64')}`;
    expect(await status('start=-20', { authorization })).toBe(200);
    expect([pool.sessions.open, pool.sessions.opened]).toEqual([1, 2]);
  });

  it('moves with a VM, and ends with it', async () => {
    const session = await start();
    const [moved, ended] = [guest('guest-0'), guest('guest-1')];
    const before = await rates(session, `start=-600&interval=60&vm_uuid=${moved}`);
    pool.world.happen(moved, { at: now, what: 'migrate', host: 1 });
    pool.world.happen(ended, { at: now, what: 'halt' });
    now = at(1900);
    expect([...vmsOf(await rates(session, 'start=-70'))]).not.toContain(moved);
    expect([...vmsOf(await rates(session, 'start=-70'))]).not.toContain(ended);
    const after = await rates(session, `start=${Number(before.data.at(-1)?.t)}&interval=60&vm_uuid=${moved}`, 1);
    expect(after.data.filter(({ t }) => Number(t) <= Number(before.data[0]?.t)).at(-1)).toEqual(before.data.at(-1));
    const location = async (host: number, uuid: string) => {
      const answer = await fetch(`${pool.url(host)}/vm_rrd?uuid=${uuid}&session_id=${session}`, { redirect: 'manual' });
      return [answer.status, answer.headers.get('location')?.split('?')[0]];
    };
    expect(await location(0, moved)).toEqual([302, `${pool.url(1)}/vm_rrd`]);
    expect(await location(1, moved)).toEqual([200, undefined]);
    expect(await location(1, ended)).toEqual([302, `${pool.url(0)}/vm_rrd`]);
    expect(await location(0, ended)).toEqual([200, undefined]);
    expect(await location(0, 'nobody')).toEqual([404, undefined]);
  });
});

describe('faults', () => {
  const get = (session: string, host = 0) =>
    fetch(`${pool.url(host)}${path(session, 'start=-20')}`, {
      signal: AbortSignal.timeout(1000),
      headers: { accept: 'text/xml' },
    });

  it('take xcp-rrdd away while XAPI lives', async () => {
    const session = await start({ react: rrddDown([0]) });
    expect([(await get(session)).status, (await get(session, 1)).status]).toEqual([500, 200]);
    expect(await call('pool.get_all', session)).toHaveProperty('result');
  });

  it('take a host away and bring it back', async () => {
    const session = await start();
    await pool.stopHost(1);
    await expect(get(session, 1)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect((await get(session)).status).toBe(200);
    await pool.startHost(1);
    expect((await get(session, 1)).status).toBe(200);
  });

  it.each<Reaction>(['hang', 'disconnect', 'cut', 'trickle', 'endless'])(
    'never come to an end: %s',
    async (reaction) => {
      const session = await start({ react: always(reaction, ['GET /rrd_updates']) });
      await expect(get(session).then((answer) => answer.text())).rejects.toThrow();
    },
  );

  it('are had once, together, in place of the answer, or of a part of it', async () => {
    const session = await start();
    const names = ['GET /rrd_updates'];
    pool.react = either(
      atMost(1, always({ status: 503, type: 'text/plain', body: 'busy' }, names)),
      atMost(1, always({ afterMs: 30 }, names)),
      withDtd(names),
    );
    expect((await get(session)).status).toBe(503);
    expect(await (await get(session)).text()).toContain('<xport>');
    expect(await (await get(session)).text()).toContain('<!DOCTYPE');
    pool.react = always({ error: ['INTERNAL_ERROR', 'x'] }, ['pool.get_all']);
    expect(await call('pool.get_all', session)).toHaveProperty('error.message', 'INTERNAL_ERROR');
  });

  it('leave JSON-RPC out', async () => {
    await start({ jsonRpc: 'missing' });
    expect((await fetch(`${pool.url()}/jsonrpc`, { method: 'POST', body: '{}' })).status).toBe(404);
  });
});

describe('addresses', () => {
  it('are 127.0.0.1 with a port each, if wanted', async () => {
    const session = await start({ addressing: 'port' });
    expect(pool.url(1)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(pool.url(1)).not.toBe(pool.url(0));
    const { result } = (await call('host.get_all_records', session)) as { result: Record<string, { address: string }> };
    expect(Object.values(result).map(({ address }) => address)).toEqual([pool.addressOf(0), pool.addressOf(1)]);
    expect(`http://${pool.addressOf(1)}`).toBe(pool.url(1));
  });

  it('are reached by TLS', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hypermeter-xen.'));
    const tls = selfSigned(directory, { hosts: 4 });
    rmSync(directory, { recursive: true });
    const session = await start({ tls });
    const status = await new Promise((resolve, reject) => {
      httpsGet(`${pool.url(1)}${path(session, 'start=-20')}`, { ca: tls.cert, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(200);
  });

  it('are let go of', async () => {
    await start();
    await call('system.listMethods');
    expect(pool.connections).toBeGreaterThan(0);
    pool.disconnect();
    await vi.waitFor(() => expect(pool.connections).toBe(0));
  });
});
