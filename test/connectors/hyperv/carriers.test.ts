import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../../fakes/certificate.ts';
import type { FakeOptions } from '../../fakes/hyperv/hyperv.ts';
import { type Bench, bench } from './a-host.ts';

let here: Bench;
let dir = '';
const path = (name: string): string => join(dir, name);
const pem = (name: string): Buffer => readFileSync(path(name));

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hyperv-carriers-'));
  for (const name of ['127.0.0.1', 'meter-client', 'stranger']) selfSigned(dir, { name });
  selfSigned(dir, { name: 'sha384', digest: 'sha384' });
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

  it('NTLM is tied to the connection, as a host with CbtHardeningLevel Strict demands', async () => {
    await isWhole(await secure({ channelBinding: 'strict' }, {}));
    here.fake.disconnect();
    expect((await here.later(10)).instances).toHaveLength(3);
    expect(here.fake.authentication.refusals.filter((why) => why.includes('binding'))).toEqual([]);
  });

  it('by the hash that the certificate is signed with', async () => {
    const tls = { key: pem('sha384.key'), cert: pem('sha384.pem') };
    const words = { tls: { caFile: path('sha384.pem') } };
    await isWhole(await secure({ channelBinding: 'strict', certificateHash: 'sha384', tls }, words));
  });

  it('a proxy that ends TLS breaks the tie, which can be left out where the host does without', async () => {
    // To the service the proxy's connection is another channel: the certificate is hashed in another way.
    await secure({ certificateHash: 'sha512' }, {});
    await expect(connect()).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('channelBinding: false'),
    });
    expect(here.fake.authentication.refusals).toEqual(['channel bindings of another channel']);
    await here.close();
    await isWhole(await secure({ certificateHash: 'sha512' }, { channelBinding: false }));
    await here.close();
    await secure({ channelBinding: 'strict' }, { channelBinding: false });
    await expect(connect()).rejects.toMatchObject({ code: 'refused' });
    expect(here.fake.authentication.refusals).toEqual(['no channel bindings']);
  });
});
