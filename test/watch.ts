import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** No test of ours takes as long as this, in seconds. */
const LONGEST_S = Number(process.env.HYPERMETER_TEST_LONGEST_S ?? 600);

/**
 * Ends what no time-out of a test ends: one that waits for a program without giving the event loop back, or turns without
 * end. A file of which nothing has been heard for too long is told, with its processes, and its worker is killed; the
 * others go on.
 */
export class Watch implements Reporter {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hypermeter-workers-'));
  /** By path of the file: when something of it was heard last. */
  readonly #heard = new Map<string, number>();
  readonly #ended = new Set<string>();

  constructor() {
    process.env.HYPERMETER_WORKERS = this.#folder;
    const timer = setInterval(() => this.#look(), Math.min(5, LONGEST_S) * 1000);
    timer.unref();
    process.once('SIGTERM', () => this.#tellAll());
    process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }));
  }

  onTestModuleQueued = ({ moduleId }: TestModule): void => this.#hear(moduleId);

  onTestModuleStart = ({ moduleId }: TestModule): void => this.#hear(moduleId);

  onTestCaseReady = ({ module }: TestCase): void => this.#hear(module.moduleId);

  onTestCaseResult = ({ module }: TestCase): void => this.#hear(module.moduleId);

  onTestModuleEnd = ({ moduleId }: TestModule): void => {
    this.#ended.add(moduleId);
    this.#heard.delete(moduleId);
  };

  /** What is told of a file after its end, as may happen, is no news. */
  #hear(file: string): void {
    if (!this.#ended.has(file)) this.#heard.set(file, performance.now());
  }

  #look(): void {
    for (const [file, at] of this.#heard) {
      const silent = (performance.now() - at) / 1000;
      if (silent < LONGEST_S) continue;
      this.#heard.delete(file);
      const workers = this.#workersOf(file);
      process.stdout.write(`\nFAILED ${file}: nothing for ${Math.round(silent)} s ${placeOf(workers)}\n`);
      for (const { pid } of workers) end(pid);
    }
  }

  #tellAll(): void {
    for (const [file, at] of this.#heard) {
      const silent = Math.round((performance.now() - at) / 1000);
      process.stdout.write(`\nFAILED ${file}: stopped, nothing for ${silent} s ${placeOf(this.#workersOf(file))}\n`);
    }
  }

  #workersOf(file: string): readonly Worker[] {
    const all = readdirSync(this.#folder).map((pid) => {
      const [path, test] = readFileSync(join(this.#folder, pid), 'utf8').split('\n');
      return { pid: Number(pid), path, test };
    });
    return all.filter(({ pid, path }) => path === file && isOurs(pid));
  }
}

/** A process that runs a file, as `setup.ts` tells it. `test`: begun last; undefined: none is yet. */
interface Worker {
  readonly pid: number;
  readonly test: string | undefined;
}

const placeOf = ([worker]: readonly Worker[]): string =>
  worker?.test === undefined ? 'before its first test' : `in or after ${worker.test}`;

/** Ends a worker and what it started, and says what they were. */
function end(worker: number): void {
  const processes = ['--ppid', `${worker}`, '-p', `${worker}`];
  process.stdout.write(execFileSync('ps', ['-L', '-o', 'pid,lwp,etimes,times,stat,wchan:20,comm,args', ...processes]));
  const pids = execFileSync('ps', ['-o', 'pid=', ...processes], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  for (const pid of pids) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

/** Whether a process that told its file is still a worker of this run: its number may be another's by now. */
function isOurs(pid: number): boolean {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) === process.pid;
  } catch {
    return false;
  }
}

// vitest takes a reporter from a file by its default export only.
// biome-ignore lint/style/noDefaultExport: see above
export default Watch;
