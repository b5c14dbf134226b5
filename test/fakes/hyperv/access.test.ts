import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../certificate.ts';
import { MUTUAL } from './authentication.ts';
import { fleet } from './fleet.ts';
import { when } from './hostile.ts';
import { FakeHyperv, type FakeOptions, METER } from './hyperv.ts';
import { AV } from './ntlm-messages.ts';
import { channelBindings } from './ntlm-server.ts';
import { IDENTIFY, PlainClient } from './plain-client.ts';
import { World } from './world.ts';

const NOON = Date.UTC(2026, 10, 26, 12) * 1000;
const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`EXAMPLE\\meter:${password}`).toString('base64')}`,
});

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function start(options: Partial<FakeOptions> = {}): Promise<FakeHyperv> {
  const world = new World({ ...fleet(1, 1, NOON - 3_600_000_000), now: () => NOON });
  const fake = await FakeHyperv.start({ world, ...options });
  open.push(fake);
  return fake;
}

function clientOf(fake: FakeHyperv, ...rest: [headers?: Record<string, string>, tls?: { key: Buffer; cert: Buffer }]) {
  const client = new PlainClient(fake.url, ...rest);
  open.unshift(client);
  return client;
}

describe('over HTTP', () => {
  it('only what is sealed is answered', async () => {
    const fake = await start({ basic: true });
    const client = clientOf(fake);
    const unknown = await client.post(IDENTIFY);
    expect([unknown.status, unknown.headers['www-authenticate']]).toEqual([401, 'Negotiate']);
    expect((await clientOf(fake, basic('secret')).post(IDENTIFY)).status).toBe(401);
    expect((await client.login(METER)).status).toBe(200);
    expect((await client.post(IDENTIFY)).text).toContain('IdentifyResponse');
    expect([fake.sealed, fake.authentication.handshakes]).toEqual([1, { done: 1, withMic: 1 }]);
  });

  it('a plain body is refused even of one who is known', async () => {
    const fake = await start();
    const client = clientOf(fake);
    await client.login(METER);
    const plain = new PlainClient(fake.url);
    open.unshift(plain);
    expect((await client.post(IDENTIFY, { 'content-type': 'application/soap+xml;charset=UTF-8' })).status).toBe(500);
    expect((await plain.post(IDENTIFY)).status).toBe(401);
    expect(fake.authentication.refusals).toEqual(['a plain body over HTTP']);
  });

  it('a connection is a context: another one knows nobody', async () => {
    const fake = await start();
    const client = clientOf(fake);
    await client.login(METER);
    client.close();
    await expect(client.post(IDENTIFY)).resolves.toMatchObject({ status: 401 });
    expect(fake.authentication.refusals).toEqual(['sealed without a context']);
  });

  it('a wrong password, another domain and a stranger are refused', async () => {
    const fake = await start();
    for (const change of [{ password: 'Secret' }, { domain: 'OTHER' }, { user: 'nobody' }])
      expect((await clientOf(fake).login({ ...METER, ...change })).status).toBe(401);
    expect((await clientOf(fake).login({ ...METER, user: 'METER@example.org', domain: '' })).status).toBe(200);
    expect(fake.authentication.refusals).toHaveLength(3);
  });

  it('plain bodies are taken where the host is told so', async () => {
    const fake = await start({ basic: true, allowUnencrypted: true });
    expect((await clientOf(fake, basic('secret')).post(IDENTIFY)).status).toBe(200);
    expect((await clientOf(fake, basic('wrong')).post(IDENTIFY)).status).toBe(401);
    const odd = await clientOf(fake, basic('secret')).post(IDENTIFY, { 'content-type': 'text/xml' });
    expect([odd.status, fake.offences]).toEqual([415, ['content type text/xml']]);
  });

  it('an answer that was changed under way does not come out', async () => {
    const fake = await start({
      react: when({}, { tamper: (bytes) => Buffer.from(bytes.map((byte, i) => (i === 300 ? byte ^ 1 : byte))) }, 1),
    });
    const client = clientOf(fake);
    await client.login(METER);
    await expect(client.post(IDENTIFY)).rejects.toThrow('signature');
  });
});

describe('over TLS', () => {
  let dir = '';
  const pem = (name: string) => readFileSync(join(dir, name));
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'fake-hyperv-'));
    for (const name of ['127.0.0.1', 'meter-client', 'stranger']) selfSigned(dir, { name });
  });
  afterAll(() => rmSync(dir, { recursive: true }));
  const secure = (options: Partial<FakeOptions> = {}) =>
    start({ tls: { key: pem('127.0.0.1.key'), cert: pem('127.0.0.1.pem'), ca: pem('meter-client.pem') }, ...options });

  it('Negotiate needs no sealing, and holds for the connection', async () => {
    const fake = await secure();
    const client = clientOf(fake);
    expect((await client.login(METER)).status).toBe(200);
    expect((await client.post(IDENTIFY)).status).toBe(200);
    expect([fake.sealed, fake.connected]).toEqual([0, 1]);
  });

  it('bindings of another channel are refused; strict, those of none too', async () => {
    const der = Buffer.from(
      pem('127.0.0.1.pem')
        .toString()
        .replaceAll(/-----[^-]+-----|\s/g, ''),
      'base64',
    );
    const relaxed = await secure();
    const strict = await secure({ channelBinding: 'strict' });
    const bound = (hash: Buffer) => [[AV.channelBindings, hash]] as const;
    expect((await clientOf(relaxed).login(METER, bound(Buffer.alloc(16, 1)))).status).toBe(401);
    expect((await clientOf(strict).login(METER)).status).toBe(401);
    expect((await clientOf(strict).login(METER, bound(channelBindings(der)))).status).toBe(200);
  });

  it('Basic works where it is on', async () => {
    expect((await clientOf(await secure({ basic: true }), basic('secret')).post(IDENTIFY)).status).toBe(200);
    expect((await clientOf(await secure(), basic('secret')).post(IDENTIFY)).status).toBe(401);
  });

  it('a certificate is mapped to an account', async () => {
    const fake = await secure({ certificates: { 'meter-client': 'meter' } });
    const tls = (name: string) => ({ key: pem(`${name}.key`), cert: pem(`${name}.pem`) });
    const headers = { authorization: MUTUAL };
    expect((await clientOf(fake, headers, tls('meter-client')).post(IDENTIFY)).status).toBe(200);
    expect((await clientOf(fake, headers, tls('stranger')).post(IDENTIFY)).status).toBe(401);
    expect((await clientOf(fake, headers).post(IDENTIFY)).status).toBe(401);
  });
});
