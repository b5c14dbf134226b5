import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What Linux says of a process: CPU time since its start with all threads, resident memory, open sockets. */
export interface ProcessFigures {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly sockets: number;
}

const TICK_MS = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Throws if the process is gone. See proc(5): utime and stime are the 14th and 15th word of `stat`. */
export function processFigures(pid: number): ProcessFigures {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second word, in brackets, may have blanks in it.
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(words[11]) + Number(words[12]);
  const rssKib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { cpuMs: ticks * TICK_MS, rssBytes: rssKib * 1024, sockets: socketsOf(pid) };
}

function socketsOf(pid: number): number {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).filter((fd) => isSocket(`${directory}/${fd}`)).length;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    // Closed since it was listed.
    return false;
  }
}
