import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../pipeline/runtime/clock.ts';

/** A server of a storm's own, by its pid. */
export interface Server {
  /** Ends it by a signal and waits until it has. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again on what it has kept. */
  again(): void | Promise<void>;
  pause(): void;
  resume(): void;
  /** Is up and going, whatever was done to it. */
  mend(): void | Promise<void>;
}

export const script = (name: string): string => {
  const here = import.meta.url.includes('/dist/') ? '../../../test/services/' : '../services/';
  return fileURLToPath(new URL(here + name, import.meta.url));
};

function isAlive(pid: number): boolean {
  try {
    // A process that was killed stays a zombie until its parent has noticed.
    return /^State:\s+[^Z]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await systemClock.sleep(20);
}

/** A Kafka broker in a directory, on `port` and the four after it. */
export function startBroker(directory: string, port: number): Server {
  const env = { ...process.env, KAFKA_DIR: directory, KAFKA_PORT: String(port), KAFKA_HEAP: '256m' };
  const start = (): void => void execFileSync(script('start-kafka.sh'), { env, stdio: 'ignore' });
  start();
  return serverOf(join(directory, 'pid'), start);
}

/** A server whose start leaves its pid in a file. */
export function serverOf(pidFile: string, start: () => void | Promise<void>): Server {
  const pid = (): number => Number(readFileSync(pidFile, 'utf8'));
  const signal = (name: NodeJS.Signals): void => {
    if (isAlive(pid())) process.kill(pid(), name);
  };
  return {
    end: async (how = 'SIGKILL') => {
      signal('SIGCONT');
      signal(how);
      await gone(pid());
    },
    again: start,
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    mend: () => {
      signal('SIGCONT');
      return start();
    },
  };
}

/** A Redis server with an append-only file in a directory. */
export async function startRedis(directory: string, port: number): Promise<Server & { flush(): void }> {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'redis.conf');
  writeFileSync(file, `bind 127.0.0.1\nport ${port}\ndir ${directory}\nsave ""\nappendonly yes\n`);
  let child: ChildProcess | null = null;
  const cli = (...words: readonly string[]): string =>
    execFileSync('redis-cli', ['-p', String(port), ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const answers = (): boolean => {
    try {
      return cli('ping').includes('PONG');
    } catch {
      return false;
    }
  };
  const start = async (): Promise<void> => {
    if (child !== null) return;
    child = spawn('redis-server', [file], { stdio: 'ignore' });
    while (!answers()) await systemClock.sleep(20);
  };
  await start();
  return {
    end: async (how = 'SIGKILL') => {
      const ending = child;
      if (ending?.pid === undefined) return;
      child = null;
      ending.kill('SIGCONT');
      ending.kill(how);
      await gone(ending.pid);
    },
    again: start,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    mend: async () => {
      child?.kill('SIGCONT');
      await start();
    },
    // A server that does not answer now is not flushed.
    flush: () => {
      if (answers()) cli('flushall');
    },
  };
}
