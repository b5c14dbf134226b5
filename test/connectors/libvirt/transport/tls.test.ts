import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseAddress } from '../../../../connectors/libvirt/address.ts';
import { openTls } from '../../../../connectors/libvirt/transport/tls.ts';
import type { TlsFiles } from '../../../../connectors/libvirt/transport/tls-files.ts';
import { FakeLibvirtd } from '../../../fakes/libvirtd.ts';

const MAKE_CA = fileURLToPath(new URL('../../../services/make-ca.sh', import.meta.url));
const ACCEPTED = Buffer.of(1);

let ours: string;
let theirs: string;
beforeAll(() => {
  ours = mkdtempSync(join(tmpdir(), 'hypermeter-ca-'));
  theirs = mkdtempSync(join(tmpdir(), 'hypermeter-ca-'));
  for (const directory of [ours, theirs]) execFileSync(MAKE_CA, [directory]);
});
afterAll(() => {
  for (const directory of [ours, theirs]) rmSync(directory, { recursive: true });
});

const server = (): TlsOptions => ({
  ca: readFileSync(join(ours, 'ca.crt')),
  cert: readFileSync(join(ours, 'server.crt')),
  key: readFileSync(join(ours, 'server.key')),
});
const files = (directory: string): TlsFiles => ({
  caFile: join(directory, 'ca.crt'),
  certFile: join(directory, 'client.crt'),
  keyFile: join(directory, 'client.key'),
});

interface Attempt {
  readonly options?: TlsOptions;
  readonly greeting?: Buffer | null;
  readonly files?: TlsFiles;
  readonly host?: string;
  readonly query?: string;
}

/** What becomes of opening TLS to a fake daemon: 'open' or the error. */
async function attempt({
  options,
  greeting = ACCEPTED,
  files: used = files(ours),
  host = '127.0.0.1',
  query = '',
}: Attempt) {
  const fake = await FakeLibvirtd.start({
    tls: { ...server(), ...options, greeting },
    ...(host === 'localhost' ? {} : { host }),
  });
  const address = parseAddress(`qemu+tls://${host}:${fake.port}/system${query}`);
  try {
    const transport = await openTls('kvm1', address, used, AbortSignal.timeout(10_000));
    transport.close();
    await transport.ended;
    return 'open';
  } catch (error) {
    return error;
  } finally {
    await vi.waitFor(() => expect(fake.connections, 'nothing stays open').toBe(0));
    await fake.close();
  }
}

const refused = (...words: string[]) => ({
  code: 'refused',
  message: expect.stringMatching(new RegExp(words.join('.*'))),
});
const mutual: TlsOptions = { requestCert: true, rejectUnauthorized: true };

describe('openTls', () => {
  it.each(['127.0.0.1', 'localhost'])('is open once the daemon says so, by %s', async (host) => {
    expect(await attempt({ options: mutual, host })).toBe('open');
  });

  it.each<[string, Attempt]>([
    ['the daemon hangs up instead', { greeting: null }],
    ['the daemon says no', { greeting: Buffer.of(0) }],
    ['the client certificate is another CA’s', { options: mutual, files: {} }],
  ])('a client certificate is rejected when %s', async (_, options) => {
    const own = options.files ? { ...files(theirs), caFile: join(ours, 'ca.crt') } : files(ours);
    expect(await attempt({ ...options, files: own })).toMatchObject(
      refused('TLS client certificate rejected', 'tls_allowed_dn_list'),
    );
  });

  it('a daemon of another CA is not trusted', async () => {
    expect(await attempt({ files: files(theirs) })).toMatchObject(refused("daemon's certificate is not trusted"));
  });

  it('nor one whose certificate is for another name', async () => {
    expect(await attempt({ host: '127.0.0.2' })).toMatchObject(refused('for another name than 127.0.0.2'));
  });

  it('nor one whose certificate is for clients', async () => {
    const named = { cert: readFileSync(join(ours, 'client.crt')), key: readFileSync(join(ours, 'client.key')) };
    expect(await attempt({ options: named })).toMatchObject(refused("daemon's certificate", 'PURPOSE'));
  });

  it.each<[string, Attempt]>([
    ['verify: false', {}],
    ['?no_verify=1', { query: '?no_verify=1' }],
  ])('unless %s', async (_, options) => {
    const unverified = options.query ? files(theirs) : { ...files(theirs), verify: false };
    expect(await attempt({ ...options, files: unverified })).toBe('open');
  });

  it('names a file that cannot be read', async () => {
    expect(await attempt({ files: { ...files(ours), certFile: '/nowhere/cert.pem' } })).toMatchObject(
      refused('client certificate /nowhere/cert.pem'),
    );
    expect(await attempt({ files: {}, query: '?pkipath=/nowhere' })).toMatchObject(refused('/nowhere/cacert.pem'));
  });

  it('does not take a key of another certificate', async () => {
    const mixed = { ...files(ours), keyFile: join(theirs, 'client.key') };
    expect(await attempt({ files: mixed })).toMatchObject(refused('the key cannot be used'));
  });

  it('names what does not speak TLS', async () => {
    const fake = await FakeLibvirtd.start();
    const address = parseAddress(`qemu+tls://127.0.0.1:${fake.port}/system`);
    await expect(openTls('kvm1', address, files(ours), AbortSignal.timeout(10_000))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('no TLS'),
    });
    await fake.close();
  });

  it('gives up on a daemon that says nothing', async () => {
    const fake = await FakeLibvirtd.start({ tls: { ...server(), greeting: Buffer.alloc(0) } });
    const address = parseAddress(`qemu+tls://127.0.0.1:${fake.port}/system`);
    await expect(openTls('kvm1', address, files(ours), AbortSignal.timeout(100))).rejects.toMatchObject({
      code: 'timeout',
    });
    await fake.close();
  });
});
