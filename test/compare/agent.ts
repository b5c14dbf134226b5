import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** A program that runs, with the processes that it made. */
export interface Agent {
  /** Throws if it has ended by itself, with the last that it said. */
  check(): void;
  /** CPU time of all its processes, ns. */
  cpuNs(): bigint;
  /** Kills them all and waits until the first of them is gone. */
  kill(): Promise<void>;
}

/**
 * Linux' clocks of what processes have used, with their threads that have ended: see clock_getcpuclockid(3). In /proc it is in
 * ticks of 10 ms, which is more than some polls take.
 */
const CPU_CLOCKS = 'import sys, time; print(sum(time.clock_gettime_ns(~int(pid) << 3 | 2) for pid in sys.argv[1:]))';

/** Starts a command in a process group of its own; what it says goes to the end of the file `log`. */
export function startAgent(command: string, words: readonly string[], log: string, env = {}): Agent {
  const out = openSync(log, 'a');
  const child = spawn(command, words, { detached: true, stdio: ['ignore', out, out], env: { ...process.env, ...env } });
  closeSync(out);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  const group = (): number => {
    if (child.pid === undefined || !isUp(child))
      throw new Error(`${command} ended by itself:\n${readFileSync(log, 'utf8').slice(-3000)}`);
    return child.pid;
  };
  return {
    check: () => void group(),
    cpuNs: () => BigInt(execFileSync('python3', ['-c', CPU_CLOCKS, ...membersOf(group())], { encoding: 'utf8' })),
    kill: async () => {
      if (isUp(child) && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
    },
  };
}

const isUp = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** The processes of a group, see proc(5): it is the third word after the name in brackets. */
const membersOf = (group: number): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    const stat = textOf(`/proc/${pid}/stat`);
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) === group;
  });

/** A file of /proc; empty where the process has ended since it was listed. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
