import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const BIN = `${process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache`}/hypermeter/bin`;

/** A vcsim of a test's own. */
export interface Vcsim {
  readonly port: number;
  /** `vsphere://u:p@127.0.0.1:port` */
  readonly uri: string;
  /** At once, as a crash is. */
  kill(): Promise<void>;
}

/** Starts one with user u and password p, on a free port unless `port` names one. Of build-vcsim.sh: 0.56, or the old 0.38. */
export async function startVcsim(words: readonly string[], port = 0, binary = 'vcsim'): Promise<Vcsim> {
  const login = ['-username', 'u', '-password', 'p'];
  const child = spawn(`${BIN}/${binary}`, ['-l', `127.0.0.1:${port}`, ...login, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const told = await addressOf(child);
  return {
    port: told,
    uri: `vsphere://u:p@127.0.0.1:${told}`,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function addressOf({ stdout }: ChildProcess): Promise<number> {
  let text = '';
  for await (const piece of stdout ?? []) {
    text += piece;
    const port = /GOVC_URL=https:\/\/[^\s]*:(\d+)\/sdk/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('vcsim ended before it listened');
}
