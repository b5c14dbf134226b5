import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';

/** The program as it is started by its users. */
export const MAIN = fileURLToPath(new URL('../../dist/pipeline/cli/main.js', import.meta.url));

export interface Exit {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of its own that runs the program. */
export interface Child {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exit: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts the program with these words; it is killed at the end of the test if it still runs then. */
export function startProgram(words: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exit = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    pid: child.pid as number,
    stdout: () => stdout,
    stderr: () => stderr,
    exit,
    kill: (signal) => void child.kill(signal),
  };
}

/** Waits until the program says that it is ready; fails with what it said if it ends before. */
export async function ready(child: Child, timeoutMs = 30_000): Promise<void> {
  const early = child.exit.then(({ code }) => {
    throw new Error(`the program ended with ${code} before it was ready:\n${child.stderr()}`);
  });
  await Promise.race([
    expect.poll(() => child.stderr(), { timeout: timeoutMs, interval: 50 }).toMatch(/"msg":"ready"|: ready/),
    early,
  ]);
}

/** The port of the operator's page, as the log tells it. */
export function opsPort(child: Child): number {
  const [, json, text] =
    /"port":(\d+)[^\n]*listening to operators|listening to operators \{"port":(\d+)/.exec(child.stderr()) ?? [];
  const told = json ?? text;
  if (told === undefined) throw new Error(`no operator's port in:\n${child.stderr()}`);
  return Number(told);
}

/** The metrics of a running program: each line's name with labels, and its value. */
export async function metricsOf(child: Child): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${opsPort(child)}/metrics`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
