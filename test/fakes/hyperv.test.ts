import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { available, pythonHome } from '../services/service.ts';
import { fleet } from './hyperv/fleet.ts';
import { FakeHyperv, type FakeOptions, METER } from './hyperv/hyperv.ts';
import { authenticate, negotiate } from './hyperv/ntlm-client.ts';
import { NtlmRefusal, NtlmServer } from './hyperv/ntlm-server.ts';
import { WQL_DIALECT } from './hyperv/soap.ts';
import { World } from './hyperv/world.ts';

const run = promisify(execFile);
const NOON = Date.UTC(2026, 10, 26, 12) * 1000;
const HOUR = 3_600_000_000;
const VP = 'Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor';

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

/** What every client is to see of the virtual processors; the last row has the sums. */
function processorsOf(world: World): readonly { readonly Name: string; readonly PercentTotalRunTime: string }[] {
  const each = [...world.machines.values()].flatMap(({ spec }) =>
    ['0', '1'].map((vp) => ({
      Name: `${spec.name}:Hv VP ${vp}`,
      ran: world.shown(spec.guid, 'totalRunTime', vp) ?? 0n,
    })),
  );
  const total = { Name: '_Total', ran: each.reduce((sum, { ran }) => sum + ran, 0n) };
  return [...each, total].map(({ Name, ran }) => ({ Name, PercentTotalRunTime: String(ran) }));
}

describe.skipIf(!(await available('wslenum')))("Dell's wslenum [wslenum]", () => {
  /** What it prints of an enumeration, by answers. */
  async function ask(fake: FakeHyperv, wql: string, most: number, tls = false): Promise<string> {
    const uri = 'http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*';
    const env = {
      PATH: process.env.PATH,
      HOME: dir,
      OUTPREFIX: dir,
      WSENDPOINT: new URL(fake.url).host,
      WSUSER: METER.user,
      WSPASS: METER.password,
      ...(!tls && { WSNOSSL: 'true' }),
    };
    const args = [uri, '-dialect', WQL_DIALECT, '-filter', wql, '-opti', String(most)];
    try {
      return (await run('wslenum', args, { env, cwd: dir, maxBuffer: 64 * 2 ** 20 })).stdout;
    } catch (error) {
      // So it ends where the last answer is a fault.
      if (error instanceof Error && 'stdout' in error) return String(error.stdout);
      throw error;
    }
  }

  const rowsOf = (text: string) =>
    [...text.matchAll(/<Name>([^<]*)<\/Name>\s*<PercentTotalRunTime>(\d+)</g)].map(([, Name, PercentTotalRunTime]) => ({
      Name,
      PercentTotalRunTime,
    }));

  it.each([
    [500, 'empty', ['Enumerate']],
    [4, 'empty', ['Enumerate', 'Pull']],
    [3, 'absent', ['Enumerate', 'Pull', 'Pull']],
    // It asks on while there is a context, and hears that there is none; its curl tries a 500 once more.
    [7, 'kept', ['Enumerate', 'Pull', 'Pull']],
  ] as const)('prints every row, %i at a time, the last context %s', async (most, lastContext, calls) => {
    const { fake, world } = await bench(3, { basic: true, allowUnencrypted: true, lastContext });
    const text = await ask(fake, `select Name,PercentTotalRunTime from ${VP}`, most);
    expect(rowsOf(text)).toEqual(processorsOf(world));
    expect(fake.calls.map((call) => call.split(' ')[0])).toEqual(calls);
    expect(text.includes('InvalidEnumerationContext')).toBe(lastContext === 'kept');
    expect([fake.offences, fake.open.enumerations]).toEqual([[], 0]);
  });

  it('over TLS', async () => {
    const tls = await certificate();
    const { fake, world } = await bench(2, { basic: true, tls });
    expect(rowsOf(await ask(fake, `select Name,PercentTotalRunTime from ${VP}`, 500, true))).toEqual(
      processorsOf(world),
    );
  });

  it('prints faults', async () => {
    const { fake } = await bench(1, { basic: true, allowUnencrypted: true });
    expect(await ask(fake, 'select * from Win32_Nothing', 10)).toContain('WBEM_E_INVALID_CLASS');
  });
});

async function certificate() {
  const files = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')];
  const kind = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
    '-sha256',
  ];
  await run('openssl', ['req', ...kind, '-subj', '/CN=127.0.0.1', ...files]);
  return { key: await readFile(join(dir, 'key.pem')), cert: await readFile(join(dir, 'cert.pem')) };
}

describe.skipIf(!(await available('python')))('pywinrm [python]', () => {
  const play = async (fake: FakeHyperv) => {
    const script = fileURLToPath(new URL('hyperv/session.py', import.meta.url));
    const { stdout } = await run(`${pythonHome}/bin/python`, [script, fake.url, VP]);
    return JSON.parse(stdout);
  };
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

  it('asks in plain over TLS, with the bindings of its channel', async () => {
    const { fake, world } = await bench(3, { tls: await certificate(), channelBinding: 'strict' });
    expect(await play(fake)).toEqual(expected(world));
    expect([fake.sealed, fake.calls.length]).toEqual([0, 8]);
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
