import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { selfSigned } from '../../fakes/certificate.ts';
import { type Bench, bench } from './bench.ts';

let folder: string;
let tls: { readonly cert: string; readonly key: string }[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hypermeter-xenapi.'));
  tls = ['coordinator', 'member', 'other'].map((name) => {
    const { cert, key } = selfSigned(folder, { name });
    return { cert: cert.toString(), key: key.toString() };
  });
});
afterAll(() => rm(folder, { recursive: true }));

const start = (words: object): Promise<Bench> => bench({ hosts: 2, tls: tls.slice(0, 2) }, words);

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
