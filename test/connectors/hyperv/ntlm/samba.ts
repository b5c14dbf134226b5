import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Samba's `ntlm_auth` (Debian: winbind) judges a password without a daemon or a domain. */
export const hasSamba = spawnSync('ntlm_auth', ['--version']).status === 0;

/** One server's side of NTLM: lines of Squid's helper protocol (YR, KK → TT, AF, NA; GK → the session key). */
export interface SambaServer {
  challenge(negotiate: Buffer): Promise<Buffer>;
  /** `AF <user>` or `NA <why>` */
  judge(authenticate: Buffer): Promise<string>;
  sessionKey(): Promise<Buffer>;
  close(): Promise<void>;
}

export async function sambaServer(password: string): Promise<SambaServer> {
  const folder = await mkdtemp(join(tmpdir(), 'samba-'));
  const words = ['lock', 'state', 'cache', 'private', 'pid'].map((name) =>
    name === 'private' ? `private dir = ${folder}` : `${name} directory = ${folder}`,
  );
  const config = join(folder, 'smb.conf');
  await writeFile(config, ['[global]', 'workgroup = LAB', 'netbios name = HV1', ...words, ''].join('\n'));
  const child = spawn('ntlm_auth', [
    `--configfile=${config}`,
    '--helper-protocol=squid-2.5-ntlmssp',
    `--password=${password}`,
  ]);
  const ask = asking(child);
  return {
    challenge: async (negotiate) => {
      const [code, text = ''] = (await ask(`YR ${negotiate.toString('base64')}`)).split(' ');
      if (code !== 'TT') throw new Error(`Samba answers ${code} ${text}`);
      return Buffer.from(text, 'base64');
    },
    judge: (authenticate) => ask(`KK ${authenticate.toString('base64')}`),
    sessionKey: async () => Buffer.from((await ask('GK')).split(' ')[1] ?? '', 'base64'),
    close: async () => {
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.stdin.end();
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}

function asking(child: ChildProcessWithoutNullStreams): (line: string) => Promise<string> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stderr.resume();
  return async (line) => {
    child.stdin.write(`${line}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('ntlm_auth has ended');
    return value;
  };
}
