import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';

/** A process of the program that is started, stopped, killed and stopped in its tracks, by its pid. */
export interface Actor {
  readonly name: string;
  readonly isUp: () => boolean;
  start(): void;
  /** Asks it to stop and waits until it has; a process that takes longer than it may is killed, and that is told. */
  stop(): Promise<void>;
  kill(): void;
  pause(): void;
  resume(): void;
  /** Is up and going, whatever was done to it. */
  mend(): void;
  /** How it ended where nobody had killed it. */
  readonly unasked: () => readonly string[];
}

const STOP_MS = 60_000;

/** `log` gets what each of its processes says. */
export function createActor(name: string, spawn: () => ChildProcess, log: Writable): Actor {
  let child: ChildProcess | null = null;
  let ended: Promise<void> = Promise.resolve();
  const killed = new WeakSet<ChildProcess>();
  const unasked: string[] = [];
  const start = (): void => {
    if (child !== null) return;
    const started = spawn();
    child = started;
    started.stderr?.on('data', (text) => log.write(text));
    ended = new Promise((resolve) => {
      started.once('close', (code, signal) => {
        if (!killed.has(started) && code !== 0) unasked.push(`ended with ${code ?? signal}`);
        if (child === started) child = null;
        resolve();
      });
    });
  };
  const kill = (): void => {
    if (child === null) return;
    killed.add(child);
    child.kill('SIGKILL');
    child = null;
  };
  const resume = (): void => void child?.kill('SIGCONT');
  return {
    name,
    isUp: () => child !== null,
    start,
    stop: async () => {
      if (child === null) return;
      resume();
      const stopping = child;
      stopping.kill('SIGTERM');
      const late = setTimeout(() => {
        unasked.push(`did not stop within ${STOP_MS} ms`);
        killed.add(stopping);
        stopping.kill('SIGKILL');
      }, STOP_MS);
      await ended;
      clearTimeout(late);
    },
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume,
    mend: () => {
      resume();
      start();
    },
    unasked: () => unasked,
  };
}
