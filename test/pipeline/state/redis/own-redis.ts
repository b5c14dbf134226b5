import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Redis of a test's own, to be killed and set as it likes. */
export interface OwnRedis {
  readonly port: number;
  readonly url: string;
  cli(...words: readonly string[]): string;
  /** Answers when this resolves. */
  start(): Promise<void>;
  /** As the kernel does it. */
  kill(): void;
  /** Ends it and takes away what it wrote. */
  remove(): Promise<void>;
}

/** Not started yet. `settings`: of redis.conf, a word and its value in turn. */
export async function ownRedis(...settings: readonly string[]): Promise<OwnRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-redis-'));
  const port = await freePort();
  const words = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', directory, '--save', '', ...settings];
  let child: ChildProcess | null = null;
  // A test that ran out of time removes nothing.
  process.once('exit', () => child?.kill('SIGKILL'));
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    cli: (...request) =>
      execFileSync('redis-cli', ['-p', `${port}`, ...request], { encoding: 'utf8', timeout: 30_000 }).trim(),
    start: async () => {
      if (child !== null && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      child = spawn('redis-server', words, { stdio: 'ignore' });
      while (!(await answers(port))) if (child.exitCode !== null) throw new Error(`redis-server: ${words.join(' ')}`);
    },
    kill: () => void child?.kill('SIGKILL'),
    remove: async () => {
      if (child !== null && child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether it answers a PING with what a server says that has read all it had written. */
const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (reply) => {
      socket.destroy();
      resolve(String(reply).startsWith('+PONG'));
    });
    socket.once('error', () => setTimeout(() => resolve(false), 10));
  });
