import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Kdc, startKdc } from '../services/kdc.ts';
import { available, pythonHome } from '../services/service.ts';
import { selfSigned } from './certificate.ts';
import { fleet } from './hyperv/fleet.ts';
import { PROCESSORS, processorsOf, pywinrm, rowsOf, wslenum } from './hyperv/foreign-clients.ts';
import { FakeHyperv, type FakeOptions, METER } from './hyperv/hyperv.ts';
import { KerberosAcceptor } from './hyperv/kerberos-acceptor.ts';
import { authenticate, negotiate } from './hyperv/ntlm-client.ts';
import { NtlmRefusal, NtlmServer } from './hyperv/ntlm-server.ts';
import { IDENTIFY } from './hyperv/plain-client.ts';
import { World } from './hyperv/world.ts';

const run = promisify(execFile);
const NOON = Date.UTC(2026, 10, 26, 12) * 1000;
const HOUR = 3_600_000_000;
const VP = PROCESSORS;

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fake-hyperv-'));
});
afterAll(() => rm(dir, { recursive: true }));

const open: FakeHyperv[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

async function bench(machines: number, options: Partial<FakeOptions> = {}) {
  const world = new World({ ...fleet(machines, 1, NOON - HOUR), now: () => NOON });
  const fake = await FakeHyperv.start({ world, ...options });
  open.push(fake);
  return { fake, world };
}

describe.skipIf(!(await available('wslenum')))("Dell's wslenum [wslenum]", () => {
  it.each([
    [500, 'empty', ['Enumerate']],
    [4, 'empty', ['Enumerate', 'Pull']],
    [3, 'absent', ['Enumerate', 'Pull', 'Pull']],
    // It asks on while there is a context, and hears that there is none; its curl tries a 500 once more.
    [7, 'kept', ['Enumerate', 'Pull', 'Pull']],
  ] as const)('prints every row, %i at a time, the last context %s', async (most, lastContext, calls) => {
    const { fake, world } = await bench(3, { basic: true, allowUnencrypted: true, lastContext });
    const text = await wslenum(fake, dir, `select Name,PercentTotalRunTime from ${VP}`, most);
    expect(rowsOf(text)).toEqual(processorsOf(world));
    expect(fake.calls.map((call) => call.split(' ')[0])).toEqual(calls);
    expect(text.includes('InvalidEnumerationContext')).toBe(lastContext === 'kept');
    expect([fake.offences, fake.open.enumerations]).toEqual([[], 0]);
  });

  it('over TLS', async () => {
    const tls = selfSigned(dir);
    const { fake, world } = await bench(2, { basic: true, tls });
    expect(rowsOf(await wslenum(fake, dir, `select Name,PercentTotalRunTime from ${VP}`, 500, true))).toEqual(
      processorsOf(world),
    );
  });

  it('prints faults', async () => {
    const { fake } = await bench(1, { basic: true, allowUnencrypted: true });
    expect(await wslenum(fake, dir, 'select * from Win32_Nothing', 10)).toContain('WBEM_E_INVALID_CLASS');
  });
});

describe.skipIf(!(await available('python')))('pywinrm [python]', () => {
  const play = (fake: FakeHyperv) => pywinrm(fake.url, VP);
  const expected = (world: World) => ({
    wrong: 'refused',
    vendor: ['Microsoft Corporation'],
    rows: processorsOf(world).map((row) => ({ ...row, Timestamp_Sys100NS: '134401680000000000' })),
    gone: ['n:InvalidEnumerationContext', 0x8033801b],
    released: ['n:InvalidEnumerationContext', 0x8033801b],
  });

  it('seals what it asks over HTTP, and is answered so', async () => {
    const { fake, world } = await bench(3);
    expect(await play(fake)).toEqual({ ...expected(world), plain: 500 });
    // Identify, Enumerate, two and one Pulls, Enumerate, Release, Pull.
    expect([fake.sealed, fake.calls.length]).toEqual([8, 8]);
    expect(fake.authentication.handshakes).toEqual({ done: 2, withMic: 2 });
    expect(fake.open.enumerations).toBe(0);
  });

  it.each(['sha256', 'sha384'])('asks in plain over TLS, with the bindings of its channel (%s)', async (digest) => {
    const tls = selfSigned(dir, { digest });
    const { fake, world } = await bench(3, { tls, channelBinding: 'strict', certificateHash: digest });
    expect(await play(fake)).toEqual(expected(world));
    expect([fake.sealed, fake.calls.length]).toEqual([0, 8]);
  });
});

describe.skipIf(!(await available('kerberos')))('clients with tickets [kerberos]', () => {
  let kdc: Kdc;
  let acceptor: KerberosAcceptor;
  beforeAll(async () => {
    kdc = await startKdc();
    kdc.add('HTTP/localhost', kdc.path('host.keytab'));
    kdc.add('meter', kdc.path('meter.keytab'));
    kdc.kinit('meter', kdc.path('meter.keytab'), kdc.path('tickets'));
    acceptor = new KerberosAcceptor(`${pythonHome}/bin/python`, { ...kdc.env, KRB5_KTNAME: kdc.path('host.keytab') });
  });
  afterAll(async () => {
    await acceptor?.close();
    await kdc?.close();
  });
  const tickets = () => ({ ...process.env, ...kdc.env, KRB5CCNAME: `FILE:${kdc.path('tickets')}` });
  const asked = async (command: string, words: readonly string[]): Promise<string> =>
    (await run(command, words, { env: tickets() })).stdout;
  const urlOf = ({ url }: FakeHyperv): string => url.replace('127.0.0.1', 'localhost');

  it('pywinrm reads every row', async () => {
    const { fake, world } = await bench(3, { tls: selfSigned(dir), kerberos: acceptor, negotiate: true });
    const seen = await pywinrm(urlOf(fake), VP, 'kerberos', tickets());
    expect(seen.rows.map(({ Name, PercentTotalRunTime }) => ({ Name, PercentTotalRunTime }))).toEqual(
      processorsOf(world),
    );
    expect(fake.authentication.refusals).toEqual([]);
  });

  it('curl --negotiate is who it says', async () => {
    const { fake } = await bench(1, { tls: selfSigned(dir), kerberos: acceptor });
    const words = ['-sk', '--negotiate', '-u', ':', '-H', 'Content-Type: application/soap+xml;charset=UTF-8'];
    expect(await asked('curl', [...words, '-d', IDENTIFY, urlOf(fake)])).toContain('Microsoft Corporation');
    expect(fake.authentication.refusals).toEqual([]);
  });

  it('a body that is not sealed is refused over HTTP', async () => {
    const { fake } = await bench(1, { kerberos: acceptor });
    const words = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--negotiate', '-u', ':'];
    const type = 'Content-Type: application/soap+xml;charset=UTF-8';
    expect(await asked('curl', [...words, '-H', type, '-d', IDENTIFY, urlOf(fake)])).toBe('500');
  });
});

describe.skipIf(!(await available('ntlmAuth')))("Samba's ntlm_auth [ntlmAuth]", () => {
  /** A helper of Samba: a line in, a line out. */
  async function helper(...args: readonly string[]) {
    const config = join(dir, 'smb.conf');
    const kinds = ['lock', 'state', 'cache', 'private', 'pid'];
    await writeFile(config, `[global]\n${kinds.map((kind) => `${kind} directory = ${dir}`).join('\n')}\n`);
    const child = spawn('ntlm_auth', [...args, `--configfile=${config}`], { stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const say = async (line: string): Promise<readonly [word: string, token: Buffer]> => {
      child.stdin.write(`${line}\n`);
      const { value } = await lines.next();
      const [word = '', ...rest] = String(value).split(' ');
      return [word, Buffer.from(rest.join(' '), word === 'AF' || word === 'NA' ? 'utf8' : 'base64')];
    };
    return { say, end: () => child.stdin.end() };
  }

  const server = () => new NtlmServer({ accounts: [METER], computer: 'HV1', domain: 'EXAMPLE', now: () => NOON });

  const client = (password: string) => {
    const account = [`--username=${METER.user}`, `--domain=${METER.domain}`, `--password=${password}`];
    return helper('--helper-protocol=ntlmssp-client-1', ...account);
  };

  it('as a client proves itself to the fake, and both have one key', async () => {
    const { say, end } = await client('secret');
    await say('SF NTLMSSP_FEATURE_SESSION_KEY NTLMSSP_FEATURE_SIGN NTLMSSP_FEATURE_SEAL');
    const [, first] = await say('YR');
    const ours = server();
    const [word, proof] = await say(`TT ${ours.challenge(first).toString('base64')}`);
    const { user, domain, sessionKey } = ours.authenticate(Buffer.from(proof.toString(), 'base64'));
    expect([word, user, domain]).toEqual(['AF', 'meter', 'EXAMPLE']);
    expect(await say('GK')).toEqual(['GK', sessionKey]);
    end();
  });

  it('as a client with a wrong password is refused', async () => {
    const { say, end } = await client('wrong');
    const [, first] = await say('YR');
    const ours = server();
    const [, proof] = await say(`TT ${ours.challenge(first).toString('base64')}`);
    expect(() => ours.authenticate(Buffer.from(proof.toString(), 'base64'))).toThrow(NtlmRefusal);
    end();
  });

  it.each([
    ['secret', 'AF'],
    ['wrong', 'NA'],
  ])('as a server that knows %s answers a message of ours with %s', async (password, verdict) => {
    const { say, end } = await helper('--helper-protocol=squid-2.5-ntlmssp', `--password=${password}`);
    const first = negotiate();
    const [, challenge] = await say(`YR ${first.toString('base64')}`);
    const { message, sessionKey } = authenticate(first, challenge, METER);
    expect((await say(`KK ${message.toString('base64')}`))[0]).toBe(verdict);
    if (verdict === 'AF') expect(await say('GK')).toEqual(['GK', sessionKey]);
    end();
  });
});
