import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** What the brokers have: everything before `at` of segment `id`. */
export interface Position {
  readonly id: number;
  readonly at: number;
}

const BYTES = 20;

/**
 * position = id:f64 at:f64 crc:u32, little-endian
 *
 * It is written over in place and never waited for: one that is lost or torn has slices sent again, which the pipeline
 * counts once.
 */
export class PositionFile {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async open(directory: string): Promise<{ readonly file: PositionFile; readonly position: Position | null }> {
    const path = join(directory, 'position');
    // `a` would add at the end always; `r+` makes no file.
    const handle = await open(path, 'r+').catch(() => open(path, 'w+', 0o600));
    const bytes = Buffer.alloc(BYTES);
    const { bytesRead } = await handle.read(bytes, 0, BYTES, 0);
    const isWhole = bytesRead === BYTES && crc32(bytes.subarray(0, 16)) === bytes.readUInt32LE(16);
    const position = isWhole ? { id: bytes.readDoubleLE(0), at: bytes.readDoubleLE(8) } : null;
    return { file: new PositionFile(handle), position };
  }

  async write({ id, at }: Position): Promise<void> {
    const bytes = Buffer.alloc(BYTES);
    bytes.writeDoubleLE(id, 0);
    bytes.writeDoubleLE(at, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 16)), 16);
    await this.#handle.write(bytes, 0, BYTES, 0);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
