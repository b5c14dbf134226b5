import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandFailure, EXIT } from './exit.ts';

/** A new folder that only its owner can read. */
export class CaptureFolder {
  readonly path: string;
  #bytes = 0;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes it. Rejects with a usage failure where there is something already, or it cannot be made. */
  static async create(path: string): Promise<CaptureFolder> {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      if ((await readdir(path)).length > 0) throw new CommandFailure(EXIT.usage, `error: ${path} is not empty`);
    } catch (error) {
      if (error instanceof CommandFailure) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new CommandFailure(EXIT.usage, `error: cannot make the folder ${path}: ${code}`);
    }
    return new CaptureFolder(path);
  }

  /** Bytes written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Writes a file, and the folder that it lies in. */
  async write(name: string, content: string): Promise<void> {
    const file = join(this.path, name);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, content, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(content);
  }
}
