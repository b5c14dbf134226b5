import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const NEWLINE = 10;

const NAMED_PIPE =
  'it is a named pipe, which nobody may be reading: name a file, or use a sink of type stdout and redirect it';

/** An open file of whole lines that only grows, until it is rotated away. Errors are the system's. */
export interface Log {
  readonly bytes: number;
  /** Appends all of the lines, or none as far as the disk lets that be undone; on the disk if it syncs. */
  append(lines: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the file, which is made if it is not there, to be appended to. A device, such as /dev/null, is taken as it is; a named
 * pipe is refused.
 * A line that a crash left half-written is ended by the first append, not by opening, as who only looks whether it can
 * be opened may meet a line that is being written. It is not removed: removing would need to know that nobody else wrote it,
 * and a reader can skip one broken line but cannot ask for one that is gone. Its sample comes again, whole, because
 * its batch was never acknowledged.
 */
export async function openLog(path: string, sync: boolean): Promise<Log> {
  const handle = await open(path, 'a+');
  try {
    const stats = await handle.stat();
    if (stats.isFIFO()) throw new Error(NAMED_PIPE);
    if (!stats.isFile()) return device(handle);
    const bytes = stats.size;
    const isTorn = bytes > 0 && !(await endsLine(handle, bytes));
    if (sync) await syncDirectory(path);
    return growing(handle, bytes, isTorn, sync);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function growing(handle: FileHandle, size: number, startsTorn: boolean, sync: boolean): Log {
  let bytes = size;
  let isTorn = startsTorn;
  return {
    get bytes() {
      return bytes + (isTorn ? 1 : 0);
    },
    async append(lines) {
      const whole = isTorn ? Buffer.concat([Buffer.of(NEWLINE), lines]) : lines;
      try {
        await handle.appendFile(whole);
        if (sync) await handle.datasync();
      } catch (error) {
        // A full disk may have taken half of them, and they will all be offered again. Where even that cannot be
        // undone, the next open ends the half line.
        await handle.truncate(bytes).catch((undoing: unknown) => {
          if (error instanceof Error) error.cause ??= undoing;
        });
        throw error;
      }
      bytes += whole.length;
      isTorn = false;
    },
    close: () => handle.close(),
  };
}

/** Nothing in a device can be synced, undone or rotated away. */
const device = (handle: FileHandle): Log => ({
  bytes: 0,
  append: (lines) => handle.appendFile(lines),
  close: () => handle.close(),
});

/** Moves `path` to `path.1`, `path.1` to `path.2` and so on; the one beyond `backups` is gone. */
export async function rotate(path: string, backups: number): Promise<void> {
  for (let index = backups; index > 0; index--) {
    const older = `${path}.${index}`;
    const newer = index === 1 ? path : `${path}.${index - 1}`;
    await rename(newer, older).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  if (backups === 0) await rm(path, { force: true });
}

async function endsLine(handle: FileHandle, bytes: number): Promise<boolean> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, bytes - 1);
  return buffer[0] === NEWLINE;
}

/** A file's name lives in its directory: without this a new file may be gone after a power cut, synced or not. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
