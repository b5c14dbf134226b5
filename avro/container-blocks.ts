import { type Cursor, cursorOf, malformed, readItems, readNumber, readString, skipBytes, take } from './cursor.ts';
import { DecodeError } from './decode-error.ts';

/* Header and blocks of an Avro object container file; their grammar is in container-writer.ts. */

/** What stands at the beginning of a file. */
export interface Header {
  readonly meta: Readonly<Record<string, Buffer>>;
  readonly sync: Buffer;
}

/** Objects one after the other, as they lie in the file: perhaps deflated. */
export interface Block {
  readonly count: number;
  readonly packed: Buffer;
  readonly sync: Buffer;
}

const MAGIC = Buffer.from('Obj\u0001');
const SYNC_BYTES = 16;

/** What of a file is still to be read: `bytes` of it are there, from `position` on. */
export interface Rest {
  bytes: Buffer;
  position: number;
  /** Adds bytes; false: the file is over. */
  more(): Promise<boolean>;
}

/** Nothing of a file is read yet. */
export function restOf(file: AsyncIterable<Buffer>): Rest {
  const chunks = file[Symbol.asyncIterator]();
  return {
    bytes: Buffer.alloc(0),
    position: 0,
    async more() {
      const { done, value } = await chunks.next();
      if (done) return false;
      this.bytes = Buffer.concat([this.bytes, value]);
      return true;
    },
  };
}

/** Takes what `read` reads at the beginning of the rest; null: the file ends before that does. Rejects with a DecodeError. */
export async function next<T>(rest: Rest, read: (cursor: Cursor) => T): Promise<T | null> {
  for (;;) {
    try {
      const cursor = cursorOf(rest.bytes);
      const value = read(cursor);
      rest.bytes = rest.bytes.subarray(cursor.position);
      rest.position += cursor.position;
      return value;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (error.code !== 'truncated') throw foreign(rest.position + error.position, error.what);
    }
    if (!(await rest.more())) return null;
  }
}

export function readHeader(cursor: Cursor): Header {
  const { bytes } = cursor;
  const begin = bytes.subarray(0, MAGIC.length);
  if (!begin.equals(MAGIC.subarray(0, begin.length))) throw malformed(cursor, 'it does not begin as one');
  take(cursor, MAGIC.length);
  const meta: Record<string, Buffer> = {};
  readItems(cursor, meta, (_, entries) => {
    entries[readString(cursor)] = bytes.subarray(skipBytes(cursor), cursor.position);
  });
  return { meta, sync: readSync(cursor) };
}

export function readBlock(cursor: Cursor): Block {
  const count = readNumber(cursor);
  if (count < 0) throw malformed(cursor, `a block of ${count} objects`);
  const packed = cursor.bytes.subarray(skipBytes(cursor), cursor.position);
  return { count, packed, sync: readSync(cursor) };
}

const readSync = (cursor: Cursor): Buffer => cursor.bytes.subarray(take(cursor, SYNC_BYTES), cursor.position);

/** That these are not the bytes of such a file. */
export const foreign = (position: number, why: string): DecodeError =>
  new DecodeError('malformed', position, `not an Avro file of Snapshots: ${why}`);
