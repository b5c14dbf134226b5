import { isUtf8 } from 'node:buffer';
import { DecodeError } from './decode-error.ts';

/**
 * A place in the bytes of a message, and the primitives of Avro's binary encoding read from it:
 *
 *   long, int  zigzag, then base-128 little-endian, at most ten bytes
 *   string     long length, then that many bytes of UTF-8
 *   union      long index of the branch, then the branch
 *   array, map blocks: long count, that many items, …, count 0; a negative count is followed by the block's bytes
 *
 * Every reader moves the cursor and throws a DecodeError rather than pass `end`. A long lands in `hi` and `lo`
 * (two's complement): a BigInt per reading would cost four times the whole decoding. Both are signed 32-bit integers,
 * which V8 keeps without a heap number; columns of unsigned words take them as they are.
 */
export interface Cursor {
  bytes: Buffer;
  position: number;
  end: number;
  hi: number;
  lo: number;
}

/** A message longer than this is refused: Kafka's own default limit is 1 MiB. */
export const MAX_VALUE_BYTES = 64 * 1024 * 1024;

const TWO_32 = 0x1_0000_0000;

/** A cursor at the beginning of `bytes`. */
export function cursorOf(bytes: Buffer): Cursor {
  const cursor = { bytes, position: 0, end: 0, hi: 0, lo: 0 };
  reset(cursor, bytes);
  return cursor;
}

/** Puts the cursor at the beginning of other bytes. */
export function reset(cursor: Cursor, bytes: Buffer): void {
  if (bytes.length > MAX_VALUE_BYTES)
    throw new DecodeError('too_large', 0, `a value of ${bytes.length} bytes, more than ${MAX_VALUE_BYTES}`);
  cursor.bytes = bytes;
  cursor.position = 0;
  cursor.end = bytes.length;
}

/** Moves over `count` bytes and returns where they begin. */
export function take(cursor: Cursor, count: number): number {
  const start = cursor.position;
  if (count > cursor.end - start) throw truncated(cursor);
  cursor.position = start + count;
  return start;
}

/**
 * Reads a long into `hi` and `lo`. Unrolled as far as four bytes reach, since a third of all decoding is spent here;
 * past the end there is no byte, which ends the number, and only then is the end looked at.
 */
export function readLong(cursor: Cursor): void {
  const { bytes } = cursor;
  let at = cursor.position;
  let byte = bytes[at++] as number;
  let lo = byte & 0x7f;
  let hi = 0;
  if (byte >= 0x80) {
    byte = bytes[at++] as number;
    lo |= (byte & 0x7f) << 7;
    if (byte >= 0x80) {
      byte = bytes[at++] as number;
      lo |= (byte & 0x7f) << 14;
      if (byte >= 0x80) {
        byte = bytes[at++] as number;
        lo |= (byte & 0x7f) << 21;
        if (byte >= 0x80) {
          byte = bytes[at++] as number;
          lo |= byte << 28;
          hi = (byte & 0x7f) >>> 4;
          for (let shift = 3; byte >= 0x80; shift += 7) {
            byte = bytes[at++] as number;
            if (shift === 31 && byte > 1) throw malformed(cursor, 'a number of more than 64 bits');
            hi |= (byte & 0x7f) << shift;
          }
        }
      }
    }
  }
  if (at > cursor.end) throw truncated(cursor);
  cursor.position = at;
  const sign = -(lo & 1);
  cursor.lo = ((lo >>> 1) | (hi << 31)) ^ sign;
  cursor.hi = (hi >>> 1) ^ sign;
}

/** The last long read, as a signed number; throws where a number cannot hold it exactly. */
function exact(cursor: Cursor): number {
  const value = cursor.hi * TWO_32 + (cursor.lo >>> 0);
  if (!Number.isSafeInteger(value)) throw malformed(cursor, 'a time or count beyond 2^53');
  return value;
}

/** Reads a long that must be exact as a number: a time, a sequence. */
export function readNumber(cursor: Cursor): number {
  readLong(cursor);
  return exact(cursor);
}

/** Reads an int: a long within 32 bits. */
export function readInt(cursor: Cursor): number {
  const value = readNumber(cursor);
  if (value !== (value | 0)) throw malformed(cursor, 'an int of more than 32 bits');
  return value;
}

/** Reads a union's index of `branches` branches. */
export function readBranch(cursor: Cursor, branches: number): number {
  const byte = cursor.bytes[cursor.position];
  // Nearly always one byte: 0 for the first branch, 2 for the second.
  if (byte === 0 || byte === 2) {
    if (cursor.position >= cursor.end) throw truncated(cursor);
    cursor.position++;
    return byte >>> 1;
  }
  const index = readNumber(cursor);
  if (index < 0 || index >= branches) throw malformed(cursor, `branch ${index} of a union of ${branches}`);
  return index;
}

/** Reads a `["null", …]` union's index: false is null. */
export const readPresence = (cursor: Cursor): boolean => readBranch(cursor, 2) === 1;

/** Reads a nullable long as a number; null is NaN. */
export const readNullableNumber = (cursor: Cursor): number => (readPresence(cursor) ? readNumber(cursor) : Number.NaN);

function readLength(cursor: Cursor): number {
  const length = readNumber(cursor);
  if (length < 0) throw malformed(cursor, `a length of ${length}`);
  if (length > 0x7fffffff) throw new DecodeError('too_large', cursor.position, `a length of ${length} bytes`);
  return length;
}

/** Moves over bytes with their length in front and returns where they begin; they end at the cursor. */
export const skipBytes = (cursor: Cursor): number => take(cursor, readLength(cursor));

/** Moves over a string, which must be UTF-8, and returns where it begins; it ends at the cursor. */
export function skipString(cursor: Cursor): number {
  const start = skipBytes(cursor);
  const { bytes, position: end } = cursor;
  let union = 0;
  for (let at = start; at < end; at++) union |= bytes[at] as number;
  // Names are ASCII nearly always, and ASCII is UTF-8.
  if (union > 0x7f && !isUtf8(bytes.subarray(start, end))) throw malformed(cursor, 'a string that is not UTF-8');
  return start;
}

/** Reads a string. */
export function readString(cursor: Cursor): string {
  const start = skipString(cursor);
  return cursor.bytes.toString('utf8', start, cursor.position);
}

/** Reads a nullable string. */
export const readNullableString = (cursor: Cursor): string | null => (readPresence(cursor) ? readString(cursor) : null);

/** Reads a boolean. */
export function readBoolean(cursor: Cursor): boolean {
  const byte = cursor.bytes[take(cursor, 1)] as number;
  if (byte > 1) throw malformed(cursor, `a boolean of ${byte}`);
  return byte === 1;
}

/**
 * Reads the blocks of an array or a map, calling `item` at each item, and returns how many there were. No item of our
 * schemas is empty, so a count beyond the bytes that are left is refused before anything is read or allocated for it.
 */
export function readItems<State>(cursor: Cursor, state: State, item: (cursor: Cursor, state: State) => void): number {
  let total = 0;
  for (;;) {
    let count = readNumber(cursor);
    if (count === 0) return total;
    let blockEnd = -1;
    if (count < 0) {
      count = -count;
      blockEnd = readLength(cursor) + cursor.position;
    }
    if (count > 0x7fffffff) throw new DecodeError('too_large', cursor.position, `a block of ${count} items`);
    if (count > cursor.end - cursor.position) throw truncated(cursor);
    for (let left = count; left > 0; left--) item(cursor, state);
    if (blockEnd >= 0 && cursor.position !== blockEnd) throw malformed(cursor, 'a block that belies its size');
    total += count;
  }
}

export const malformed = (cursor: Cursor, what: string): DecodeError =>
  new DecodeError('malformed', cursor.position, what);

const truncated = (cursor: Cursor): DecodeError =>
  new DecodeError('truncated', cursor.position, 'the value ends before the Snapshot does');
