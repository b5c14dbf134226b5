/** Bytes that are not one MessagePack value, and at which offset that showed. */
export class MsgpackError extends Error {
  override readonly name = 'MsgpackError';
}

/** Deeper than anything a publisher sends, shallow enough for the stack. */
const MAX_DEPTH = 64;

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly asFloat: (value: number) => unknown;
}

/**
 * The one MessagePack value that the bytes are. Integers are exact: a number up to 2^53, else a bigint. Maps become
 * objects without a prototype, so no key of the sender can mean anything; binary stays bytes. `asFloat` says what a
 * float becomes (a signature must know 1.0 from 1), by default a number. Throws a MsgpackError on truncated bytes,
 * bytes too many, keys that are not text or come twice, malformed UTF-8, extension types, or nesting beyond 64.
 * Every length is checked against what is there before anything is made of it.
 */
export function unpacked(bytes: Uint8Array, asFloat: (value: number) => unknown = (value) => value): unknown {
  const cursor = { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0, asFloat };
  const value = read(cursor, MAX_DEPTH);
  if (cursor.at !== bytes.length) throw new MsgpackError(`${bytes.length - cursor.at} bytes after the value`);
  return value;
}

/** The values that the bytes are, one after the other; for the rest as `unpacked`. */
export function unpackedAll(bytes: Uint8Array): unknown[] {
  const cursor: Cursor = {
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
    asFloat: (value) => value,
  };
  const values: unknown[] = [];
  while (cursor.at < bytes.length) values.push(read(cursor, MAX_DEPTH));
  return values;
}

function read(cursor: Cursor, depth: number): unknown {
  const tag = unsigned(cursor, 1);
  if (tag < 0x80) return tag;
  if (tag < 0x90) return readMap(cursor, tag & 0x0f, depth);
  if (tag < 0xa0) return readArray(cursor, tag & 0x0f, depth);
  if (tag < 0xc0) return readText(cursor, tag & 0x1f);
  if (tag >= 0xe0) return tag - 0x100;
  return readTagged(cursor, tag, depth);
}

function readTagged(cursor: Cursor, tag: number, depth: number): unknown {
  switch (tag) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return Buffer.from(take(cursor, unsigned(cursor, width(tag - 0xc4))));
    case 0xca:
      return cursor.asFloat(take(cursor, 4).readFloatBE());
    case 0xcb:
      return cursor.asFloat(take(cursor, 8).readDoubleBE());
    case 0xcc:
    case 0xcd:
    case 0xce:
      return unsigned(cursor, width(tag - 0xcc));
    case 0xcf:
      return exact(take(cursor, 8).readBigUInt64BE());
    case 0xd0:
    case 0xd1:
    case 0xd2:
      return signed(cursor, width(tag - 0xd0));
    case 0xd3:
      return exact(take(cursor, 8).readBigInt64BE());
    case 0xd9:
    case 0xda:
    case 0xdb:
      return readText(cursor, unsigned(cursor, width(tag - 0xd9)));
    case 0xdc:
    case 0xdd:
      return readArray(cursor, unsigned(cursor, width(tag - 0xdb)), depth);
    case 0xde:
    case 0xdf:
      return readMap(cursor, unsigned(cursor, width(tag - 0xdd)), depth);
    default:
      throw new MsgpackError(`type 0x${tag.toString(16)} at byte ${cursor.at - 1} is not one a meter message uses`);
  }
}

function readArray(cursor: Cursor, count: number, depth: number): unknown[] {
  enter(cursor, count, depth);
  const elements: unknown[] = [];
  for (let index = 0; index < count; index++) elements.push(read(cursor, depth - 1));
  return elements;
}

function readMap(cursor: Cursor, count: number, depth: number): Record<string, unknown> {
  enter(cursor, count * 2, depth);
  const fields: Record<string, unknown> = Object.create(null);
  for (let index = 0; index < count; index++) {
    const key = read(cursor, depth - 1);
    if (typeof key !== 'string') throw new MsgpackError(`a key before byte ${cursor.at} is not text`);
    if (key in fields) throw new MsgpackError(`key "${key}" comes twice`);
    fields[key] = read(cursor, depth - 1);
  }
  return fields;
}

/** An entry takes a byte at least, so a count beyond the bytes left is a lie. */
function enter(cursor: Cursor, values: number, depth: number): void {
  if (depth === 0) throw new MsgpackError(`nested deeper than ${MAX_DEPTH}`);
  if (values > cursor.bytes.length - cursor.at) throw new MsgpackError(`truncated at byte ${cursor.bytes.length}`);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readText(cursor: Cursor, length: number): string {
  const bytes = take(cursor, length);
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new MsgpackError(`text before byte ${cursor.at} is not UTF-8`, { cause: error });
  }
}

const exact = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

type Width = 1 | 2 | 4;
const width = (power: number): Width => (power === 0 ? 1 : power === 1 ? 2 : 4);
const unsigned = (cursor: Cursor, bytes: Width): number => take(cursor, bytes).readUIntBE(0, bytes);
const signed = (cursor: Cursor, bytes: Width): number => take(cursor, bytes).readIntBE(0, bytes);

function take(cursor: Cursor, length: number): Buffer {
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw new MsgpackError(`truncated at byte ${cursor.bytes.length}`);
  const taken = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return taken;
}
