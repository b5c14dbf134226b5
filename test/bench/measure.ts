import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** CPU time of this process so far, all its threads, in nanoseconds. */
export function cpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** The middle one by `cost`. */
export function median<T>(runs: readonly T[], cost: (run: T) => number): T {
  const sorted = [...runs].sort((a, b) => cost(a) - cost(b));
  return sorted[Math.floor(sorted.length / 2)] as T;
}

/** Runs `measure` so many times, one after the other. */
export async function repeated<T>(times: number, measure: () => Promise<T>): Promise<readonly T[]> {
  const runs: T[] = [];
  for (let run = 0; run < times; run++) runs.push(await measure());
  return runs;
}

/**
 * Runs a file of `variants/` in a process of its own, so that no variant inherits the compiled code or the heap of
 * another. It gets `args` and answers once. Rejects if it ends without an answer.
 */
export function inProcess<Args, Answer>(variant: string, args: Args): Promise<Answer> {
  const file = fileURLToPath(new URL(`variants/${variant}.js`, import.meta.url));
  const child = fork(file, [JSON.stringify(args)], { execArgv: ['--expose-gc'] });
  return new Promise((resolve, reject) => {
    let answer: { value: Answer } | undefined;
    child.on('message', (value) => {
      answer = { value: value as Answer };
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (answer && code === 0) resolve(answer.value);
      else reject(new Error(`${variant} ended with ${signal ?? code}`));
    });
  });
}

/** The other end of `inProcess`: the arguments of this process. */
export const given = <Args>(): Args => JSON.parse(process.argv[2] ?? '{}') as Args;

/** Answers the process that started this one and lets go of it. */
export function answer(value: unknown): void {
  process.send?.(value, () => process.disconnect());
}
