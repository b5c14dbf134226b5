import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ceilometer9Python } from '../service.ts';

/** A script of this directory that answers each line with a line. */
export interface Judge {
  /** The next line that it says unasked. */
  hear(): Promise<unknown>;
  ask(line: string): Promise<unknown>;
  end(): void;
}

/** Starts it. What it is asked next may wait for the answers before. */
export function startJudge(script: string, ...args: readonly string[]): Judge {
  const path = fileURLToPath(new URL(script, import.meta.url));
  // Its libraries warn of each other's age.
  const env = { ...process.env, PYTHONWARNINGS: 'ignore' };
  const child = spawn(ceilometer9Python, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const hear = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${script} ended`);
    return JSON.parse(value);
  };
  return {
    hear,
    ask(line) {
      child.stdin.write(`${line}\n`);
      return hear();
    },
    end: () => child.stdin.end(),
  };
}
