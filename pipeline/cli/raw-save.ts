import { type FileHandle, open } from 'node:fs/promises';
import { createContainerWriter } from '../../avro/container-writer.ts';
import type { Logged } from '../../avro/logged.ts';
import type { Snapshot } from '../../avro/snapshot.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { MISSING_KEY } from './raw-files.ts';

/** A file that Snapshots are kept in: what was flushed can be read, whatever becomes of the rest (of a file cut off with `--torn`). */
export interface RawSave {
  add(snapshot: Snapshot, logged: Logged): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
  /** Bytes written. */
  size(): number;
}

/** Blocks of so many bytes are packed well, and do not need much memory. */
const BLOCK_BYTES = 256 * 1024;

/** Begins a file that is not there yet. `missing`: what is left out of the log, in words. Rejects with a CommandFailure. */
export async function saveRaw(path: string, topic: string, missing: string | null): Promise<RawSave> {
  const file = await created(path);
  const meta = { 'hypermeter.topic': topic, ...(missing === null ? {} : { [MISSING_KEY]: missing }) };
  const writer = createContainerWriter(meta);
  let size = 0;
  const write = async (bytes: Buffer): Promise<void> => {
    if (bytes.length === 0) return;
    await file.writeFile(bytes).catch((error: Error) => {
      throw new CommandFailure(EXIT.failure, `cannot write ${path}: ${error.message}`);
    });
    size += bytes.length;
  };
  await write(writer.header);
  return {
    add: async (snapshot, logged) => {
      writer.add(snapshot, logged);
      if (writer.waiting() >= BLOCK_BYTES) await write(writer.block());
    },
    flush: () => write(writer.block()),
    close: async () => {
      try {
        await write(writer.block());
      } finally {
        await file.close();
      }
    },
    size: () => size,
  };
}

async function created(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new CommandFailure(EXIT.usage, `error: ${path} is there already: choose another name`);
    throw new CommandFailure(EXIT.failure, `cannot write ${path}: ${message}`);
  }
}
