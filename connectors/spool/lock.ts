import { randomUUID } from 'node:crypto';
import { rename, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { SpoolError } from './spool-error.ts';

/** Of a Unix socket's path, by the system. */
const LONGEST_PATH = 107;

/** A directory that this process alone uses. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes a directory for this process: by a socket in it that answers while its process lives, so that one that was
 * killed leaves nothing that has to be cleared away, and containers that share the directory see each other. Rejects
 * with a SpoolError while another process has it.
 */
export async function takeLock(directory: string): Promise<Lock> {
  const path = join(directory, 'lock');
  const aside = join(directory, `lock.${randomUUID().slice(0, 8)}`);
  if (Buffer.byteLength(aside) > LONGEST_PATH)
    throw new SpoolError(
      `the spool's directory ${directory} has too long a path for a socket in it: use a shorter one`,
    );
  const taken = new SpoolError(
    `the spool's directory ${directory} is in use by another process: give each collector its own`,
  );
  for (let attempt = 0; attempt < 3; attempt++) {
    const server = await listen(path);
    if (server !== null) return { release: () => close(server) };
    if (await answers(path)) throw taken;
    // Nobody is behind it any more. Two that find this out at once must not take the lock of the first of them away.
    if (!(await moved(path, aside))) continue;
    if (await answers(aside)) {
      await rename(aside, path);
      throw taken;
    }
    await unlink(aside);
  }
  throw taken;
}

/** Null: there is something at the path. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return resolve(null);
      reject(new SpoolError(`the spool's directory cannot be taken: ${error.message}`, error));
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Any other trouble, such as one that is too busy to answer, is that of somebody who lives.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new SpoolError(`the spool's lock ${from} cannot be replaced: ${String(error)}`, error);
  }
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
  });
