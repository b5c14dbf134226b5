import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { variablesOf, withCredentials } from '../../../connectors/hyperv/kerberos/credentials.ts';
import { loadGss } from '../../../connectors/hyperv/kerberos/library.ts';
import { type SelfSigned, selfSigned } from '../../fakes/certificate.ts';
import type { FakeOptions } from '../../fakes/hyperv/hyperv.ts';
import { KerberosAcceptor } from '../../fakes/hyperv/kerberos-acceptor.ts';
import { type Kdc, startKdc } from '../../services/kdc.ts';
import { available, pythonHome } from '../../services/service.ts';
import { type Bench, bench, never } from './a-host.ts';

const OWN = process.env.KRB5CCNAME;
const NOBODY = { auth: 'kerberos', username: undefined, password: undefined };

describe.skipIf(!(await available('kerberos')))('Kerberos [kerberos]', () => {
  let kdc: Kdc;
  let acceptor: KerberosAcceptor;
  let tls: SelfSigned;
  let here: Bench | undefined;
  const before = process.env.KRB5_CONFIG;

  beforeAll(async () => {
    kdc = await startKdc();
    kdc.add('HTTP/localhost', kdc.path('host.keytab'));
    kdc.add('HTTP/other', kdc.path('other.keytab'));
    for (const name of ['meter', 'stranger']) kdc.add(name, kdc.path(`${name}.keytab`));
    kdc.kinit('meter', kdc.path('meter.keytab'), kdc.path('tickets'));
    kdc.kinit('meter', kdc.path('meter.keytab'), kdc.path('stale'), '-l', '1s');
    tls = selfSigned(kdc.path('.'), { name: 'localhost' });
    acceptor = new KerberosAcceptor(`${pythonHome}/bin/python`, { ...kdc.env, KRB5_KTNAME: kdc.path('host.keytab') });
    process.env.KRB5_CONFIG = kdc.env.KRB5_CONFIG;
    const isOver = (): boolean => spawnSync('klist', ['-s', '-c', kdc.path('stale')]).status !== 0;
    await vi.waitFor(() => expect(isOver()).toBe(true), { timeout: 10_000, interval: 200 });
  });
  afterAll(async () => {
    await acceptor?.close();
    await kdc?.close();
    if (before === undefined) delete process.env.KRB5_CONFIG;
    else process.env.KRB5_CONFIG = before;
  });
  afterEach(async () => {
    await here?.close();
    here = undefined;
  });

  const start = async (words: object, options: Partial<FakeOptions> = {}): Promise<Bench> => {
    const usual = { ...NOBODY, spn: 'HTTP/localhost', tls: { caFile: tls.caFile } };
    here = await bench(3, { kerberos: acceptor, negotiate: false, tls, ...options }, { ...usual, ...words });
    return here;
  };
  const isWhole = async ({ poll, later, fake }: Bench): Promise<void> => {
    await poll();
    const { instances } = await later(10);
    expect(instances.filter(({ rows }) => rows[0]?.cpuTime != null)).toHaveLength(3);
    expect([fake.connected, fake.authentication.handshakes.done, fake.authentication.refusals]).toEqual([1, 1, []]);
  };
  const refusal = (): Promise<string> =>
    (here as Bench).endpoint.connect(never()).then(
      () => 'none',
      (error) => `${error.code} ${error.message}`,
    );

  it('logs in with a key, which gets its own tickets', async () => {
    await isWhole(await start({ keytab: kdc.path('meter.keytab'), username: 'meter@EXAMPLE.ORG' }));
  });

  it('logs in with tickets of somebody else', async () => {
    await isWhole(await start({ ccache: kdc.path('tickets') }));
  });

  it('takes the host of the url for its name', async () => {
    const { fake } = await start({ ccache: kdc.path('tickets'), spn: undefined });
    // 127.0.0.1 is nobody in the realm.
    await expect(refusal()).resolves.toMatch(/no ticket for HTTP\/127\.0\.0\.1: .*check spn/s);
    expect(fake.calls).toEqual([]);
  });

  it('logs in anew on another connection', async () => {
    const { poll, later, fake } = await start({ keytab: kdc.path('meter.keytab') });
    await poll();
    fake.disconnect();
    expect((await later(10)).instances).toHaveLength(3);
    expect(fake.authentication.handshakes.done).toBe(2);
  });

  it.each<[string, () => object, RegExp]>([
    ['a key that is not there', () => ({ keytab: kdc.path('nothing') }), /^refused .*check keytab or ccache/s],
    ['tickets that are not there', () => ({ ccache: kdc.path('nothing') }), /^refused .*check keytab or ccache/s],
    ['tickets that are over', () => ({ ccache: kdc.path('stale') }), /^refused .*renew/s],
    [
      'a host that nobody knows',
      () => ({ ccache: kdc.path('tickets'), spn: 'HTTP/nowhere.example.org' }),
      /^refused .*no ticket for HTTP\/nowhere\.example\.org/s,
    ],
    [
      'a ticket for another host',
      () => ({ ccache: kdc.path('tickets'), spn: 'HTTP/other' }),
      /^refused .*does not take/s,
    ],
    ['a user without an account', () => ({ keytab: kdc.path('stranger.keytab') }), /^refused .*does not take/s],
  ])('says what is wrong with %s', async (_, words, message) => {
    await start(words());
    await expect(refusal()).resolves.toMatch(message);
  });

  it('does not believe a host that proves nothing', async () => {
    const { fake } = await start({ ccache: kdc.path('tickets') });
    const none: Pick<KerberosAcceptor, 'accept'> = {
      accept: async () => ({ user: 'meter@EXAMPLE.ORG', token: Buffer.from('nothing') }),
    };
    await fake.close();
    await start({ ccache: kdc.path('tickets') }, { kerberos: none as KerberosAcceptor });
    await expect(refusal()).resolves.toMatch(/^protocol .*does not prove that it is who it should be/s);
  });

  it('leaves the environment to others as it was', async () => {
    await start({ ccache: kdc.path('tickets') });
    await here?.poll();
    expect(process.env.KRB5CCNAME).toBe(`FILE:${kdc.path('tickets')}`);
    await withCredentials({}, async () => expect(process.env.KRB5CCNAME).toBe(OWN), never());
    expect(statSync(kdc.path('tickets')).isFile()).toBe(true);
  });
});

describe('credentials', () => {
  it('are where the library looks for them', () => {
    expect(variablesOf({ ccache: '/run/tickets' })).toMatchObject({ KRB5CCNAME: 'FILE:/run/tickets' });
    expect(variablesOf({ keytab: '/run/meter.keytab', principal: 'meter@EXAMPLE.ORG' })).toEqual({
      KRB5CCNAME: 'MEMORY:hypermeter meter@EXAMPLE.ORG /run/meter.keytab',
      KRB5_CLIENT_KTNAME: 'FILE:/run/meter.keytab',
    });
  });

  it('are set for one after the other, and not for who has given up', async () => {
    const seen: (string | undefined)[] = [];
    const stop = new AbortController();
    const turn = (ccache: string, signal = never()) =>
      withCredentials(
        { ccache },
        async () => {
          await new Promise((resolve) => setImmediate(resolve));
          seen.push(process.env.KRB5CCNAME);
        },
        signal,
      );
    const all = [turn('/a'), turn('/b', stop.signal), turn('/c')];
    stop.abort(new Error('enough'));
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(seen).toEqual(['FILE:/a', 'FILE:/c']);
    await withCredentials({}, async () => undefined, never());
  });
});

it('a package that is not there is said to be optional, and how to get it', async () => {
  const missing = loadGss('hv1', () => Promise.reject(new Error("Cannot find package 'kerberos'")));
  await expect(missing).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('npm install kerberos'),
  });
  await expect(loadGss('hv1', async () => ({}))).rejects.toMatchObject({ code: 'unsupported' });
});
