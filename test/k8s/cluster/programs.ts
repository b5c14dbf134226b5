import { execFile } from 'node:child_process';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which it is killed. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 300_000;

/** Runs a program to its end, whatever that is. One that is not there ends with 127. */
export const ran = (program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const { input, env, timeoutMs = TIMEOUT_MS } = options;
    const limits = { maxBuffer: 2 ** 28, timeout: timeoutMs, killSignal: 'SIGKILL' as const, ...(env && { env }) };
    const child = execFile(program, args, limits, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr });
      if (error.killed === true)
        return resolve({ code: 124, stdout, stderr: `${stderr}\nended after ${timeoutMs} ms` });
      const code = typeof error.code === 'number' ? error.code : 127;
      return resolve({ code, stdout, stderr: stderr === '' ? error.message : stderr });
    });
    // What ends without reading its input closes it.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });

/** What a program prints. Throws with what it says if it does not end with 0. */
export async function printed(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await ran(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${(stderr || stdout).trim()}`);
  return stdout;
}
