import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FakeOptions } from '../../fakes/hyperv/hyperv.ts';
import { type Bench, bench } from './a-host.ts';

let here: Bench;
let dir = '';
const path = (name: string): string => join(dir, name);
const pem = (name: string): Buffer => readFileSync(path(name));

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hyperv-carriers-'));
  for (const name of ['127.0.0.1', 'meter-client', 'stranger']) {
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    const about = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', path(`${name}.key`), '-out', path(`${name}.pem`)];
    execFileSync('openssl', ['req', ...kind, ...about, ...files], { stdio: 'ignore' });
  }
});
afterAll(() => rmSync(dir, { recursive: true }));
afterEach(() => here.close());

const secure = async (options: Partial<FakeOptions>, words: object): Promise<Bench> => {
  const tls = { key: pem('127.0.0.1.key'), cert: pem('127.0.0.1.pem'), ca: pem('meter-client.pem') };
  here = await bench(3, { tls, ...options }, { tls: { caFile: path('127.0.0.1.pem') }, ...words });
  return here;
};
const isWhole = async ({ poll, later, fake }: Bench): Promise<void> => {
  await poll();
  const { instances } = await later(10);
  expect(instances.filter(({ rows }) => rows[0]?.cpuTime != null)).toHaveLength(3);
  expect([fake.connected, fake.sealed, fake.offences]).toEqual([1, 0, []]);
};
const connect = (): Promise<unknown> => here.endpoint.connect(new AbortController().signal);

describe('over TLS', () => {
  it('NTLM needs no sealing', async () => {
    await isWhole(await secure({}, {}));
    expect(here.fake.authentication.handshakes).toEqual({ done: 1, withMic: 1 });
  });

  it('NTLM is made again on another connection', async () => {
    const { poll, later, fake } = await secure({}, {});
    await poll();
    fake.disconnect();
    expect((await later(10)).instances).toHaveLength(3);
    expect(fake.authentication.handshakes.done).toBe(2);
  });

  it('Basic is a header', async () => {
    await isWhole(await secure({ basic: true, negotiate: false }, { auth: 'basic' }));
  });

  it('Basic that is not allowed, or not taken, says so', async () => {
    await secure({ basic: false }, { auth: 'basic' });
    await expect(connect()).rejects.toThrow(/check username and password: Basic takes local accounts only/);
    await here.close();
    await secure({ basic: true }, { auth: 'basic', password: 'Secret' });
    await expect(connect()).rejects.toMatchObject({ code: 'refused' });
  });

  const shows = (name: string) => ({
    auth: 'certificate',
    username: undefined,
    password: undefined,
    tls: { caFile: path('127.0.0.1.pem'), certFile: path(`${name}.pem`), keyFile: path(`${name}.key`) },
  });

  it('a certificate is an account', async () => {
    await isWhole(await secure({ certificates: { 'meter-client': 'meter' } }, shows('meter-client')));
  });

  it('a certificate of a stranger is not', async () => {
    await secure({ certificates: { 'meter-client': 'meter' } }, shows('stranger'));
    await expect(connect()).rejects.toThrow(/maps this one to a local account/);
  });

  it('an answer without end is given up', async () => {
    await secure({ react: () => 'endless' }, {});
    await expect(connect()).rejects.toThrow(/more than 2048000 bytes/);
  });

  it('a host that demands channel bindings is not to be had with NTLM, and says what may be wrong', async () => {
    await secure({ channelBinding: 'strict' }, {});
    await expect(connect()).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('CbtHardeningLevel'),
    });
  });
});
