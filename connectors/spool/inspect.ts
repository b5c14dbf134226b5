import { open, readdir, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from './make-directory.ts';
import { segmentId } from './segment.ts';
import { spoolError } from './spool-error.ts';

/** What a directory for a spool is like. */
export interface Room {
  /** Bytes that the file system has left for this user. */
  readonly free: number;
  /** Bytes of the spool's files that are there already. */
  readonly used: number;
}

/**
 * Looks whether a spool can be kept in a directory, which it makes if it is not there; a collector that uses it is not
 * disturbed. Rejects with a SpoolError that says what to do.
 */
export async function lookAtRoom(directory: string): Promise<Room> {
  try {
    await makeDirectory(directory);
    const probe = join(directory, `probe.${process.pid}`);
    const handle = await open(probe, 'w', 0o600);
    await handle.close();
    await unlink(probe);
    const { bavail, bsize } = await statfs(directory);
    const names = (await readdir(directory)).filter((name) => segmentId(name) !== null);
    // A collector may take one away meanwhile.
    const sizes = await Promise.all(
      names.map((name) =>
        stat(join(directory, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return { free: bavail * bsize, used: sizes.reduce((sum, size) => sum + size, 0) };
  } catch (error) {
    throw spoolError('the spool cannot use', directory, error);
  }
}
