import { createReadStream } from 'node:fs';
import { access, constants, open, stat } from 'node:fs/promises';
import { stdin } from 'node:process';
import type { PublishedFile } from '../audit/intake.ts';
import { whyUnreadable } from '../runtime/unreadable.ts';
import { CommandFailure, EXIT } from './exit.ts';

const STDIN = '-';
const PIECE = 65_536;
const NEWLINE = 10;

/** The files of JSON lines of these names, `-` for standard input. Throws a CommandFailure for one that cannot be read. */
export async function publishedFiles(paths: readonly string[]): Promise<readonly PublishedFile[]> {
  for (const path of paths) {
    if (path === STDIN) continue;
    await access(path, constants.R_OK).catch(refuse(path));
    if ((await stat(path).catch(refuse(path))).isDirectory()) refuse(path)({ code: 'EISDIR' });
  }
  return paths.map((path) => (path === STDIN ? standardInput : fileAt(path)));
}

const refuse =
  (path: string) =>
  (error: unknown): never => {
    throw new CommandFailure(EXIT.noInput, `cannot read ${path}: ${whyUnreadable(error)}`);
  };

/** What has gone through a pipe is gone. */
const standardInput: PublishedFile = {
  name: 'standard input',
  chunks: () => stdin as AsyncIterable<Buffer>,
  lineAt: async () => null,
};

const fileAt = (path: string): PublishedFile => ({
  name: path,
  chunks: async function* () {
    try {
      yield* createReadStream(path, { highWaterMark: 16 * PIECE }) as AsyncIterable<Buffer>;
    } catch (error) {
      if (error instanceof Error && 'syscall' in error) refuse(path)(error);
      throw error;
    }
  },
  lineAt: async (offset) => {
    const file = await open(path);
    try {
      let line = Buffer.alloc(0);
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(PIECE), 0, PIECE, offset + line.length);
        const end = buffer.subarray(0, bytesRead).indexOf(NEWLINE);
        if (end >= 0 || bytesRead === 0) return Buffer.concat([line, buffer.subarray(0, Math.max(end, 0))]).toString();
        line = Buffer.concat([line, buffer.subarray(0, bytesRead)]);
      }
    } finally {
      await file.close();
    }
  },
});
