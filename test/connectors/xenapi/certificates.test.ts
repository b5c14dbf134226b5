import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { type Bench, bench } from './bench.ts';

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'hypermeter-xenapi.'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
  await promisify(execFile)('openssl', [...made, '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']);
  const read = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
  await rm(folder, { recursive: true });
  return read;
}

let tls: Certificate[];
beforeAll(async () => {
  tls = [await makeCertificate(), await makeCertificate(), await makeCertificate()];
});

const open: Bench[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function start(words: object): Promise<Bench> {
  const made = await bench({ hosts: 2, tls: tls.slice(0, 2) }, words);
  open.push(made);
  return made;
}

const thumbprint = (n: number): string => new X509Certificate(tls[n]?.cert ?? '').fingerprint256;

it('the coordinator’s is pinned, and it vouches for those of the members', async () => {
  const { pool, poll } = await start({ tls: { thumbprint: thumbprint(0) } });
  pool.addVm(1, 1);
  expect(await poll()).toMatchObject({ partial: null });
  expect(pool.count('host.get_server_certificate')).toBe(1);
  expect(pool.asked.filter(({ name, host }) => name === 'rrd_updates' && host === 1)).toHaveLength(1);
});

it('a member that shows another than the coordinator says is not sent the session, until it is right', async () => {
  const { pool, poll, pollAfter } = await start({ tls: { thumbprint: thumbprint(0) } });
  pool.react = ({ name }) => (name === 'host.get_server_certificate' ? { value: tls[2]?.cert ?? '' } : undefined);
  expect(await poll()).toMatchObject({ partial: expect.stringContaining('not the one of tls.thumbprint') });
  expect(pool.asked.filter(({ name, host }) => name === 'rrd_updates' && host === 1)).toEqual([]);
  pool.react = undefined;
  expect(await pollAfter(60)).toMatchObject({ partial: null });
});

it('a coordinator that does not tell is no reason to trust', async () => {
  const { pool, poll } = await start({ tls: { thumbprint: thumbprint(0) } });
  pool.react = ({ name }) =>
    name === 'host.get_server_certificate' ? { fail: ['MESSAGE_METHOD_UNKNOWN', name] } : undefined;
  expect(await poll()).toMatchObject({ partial: expect.stringContaining('name a CA in tls.caFile') });
  expect(pool.asked.filter(({ name, host }) => name === 'rrd_updates' && host === 1)).toEqual([]);
});

it('another coordinator than the pinned one is not sent the password', async () => {
  const { pool, connect } = await start({ tls: { thumbprint: thumbprint(1) } });
  await expect(connect()).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining(thumbprint(0)) });
  expect(pool.asked).toEqual([]);
});

it('nobody is trusted by default', async () => {
  const { connect } = await start({});
  await expect(connect()).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('tls.caFile') });
});
