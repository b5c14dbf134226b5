import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ceilometerPython } from '../../../services/service.ts';

const script = fileURLToPath(new URL('../../../services/ceilometer/oslo_accept.py', import.meta.url));

/** A Ceilometer that listens as its notification agent does. */
export interface Judge {
  /** True once it has given its verdict. */
  readonly decided: () => boolean;
  /** What it said, and its exit status. */
  verdict(): Promise<{ readonly said: unknown; readonly status: number | null }>;
}

/** Starts it; resolves when it listens. It wants `count` different samples of this secret within `seconds`. */
export async function startJudge(url: string, topic: string, secret: string, count: number): Promise<Judge> {
  // Its libraries warn of each other's age.
  const env = { ...process.env, PYTHONWARNINGS: 'ignore' };
  const child: ChildProcess = spawn(ceilometerPython, [script, url, topic, secret, String(count), '60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const ended = once(child, 'exit');
  if (!child.stdout) throw new Error('the judge has no output');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const first = (await lines.next()).value;
  if (first !== 'listening') throw new Error(`the judge said ${first}`);
  let decided = false;
  const last = lines.next().then(({ value }) => {
    decided = true;
    return JSON.parse(value ?? 'null') as unknown;
  });
  return {
    decided: () => decided,
    async verdict() {
      const said = await last;
      const [status] = await ended;
      return { said, status };
    },
  };
}
