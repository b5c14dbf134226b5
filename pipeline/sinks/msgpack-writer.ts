import { FLOAT64, isFloat64 } from './float64.ts';

/**
 * MessagePack as Python's msgpack writes it with `use_bin_type=True`, so that equal messages are equal bytes:
 *
 *   nil c0 | false c2 | true c3
 *   int    smallest form: 00..7f, e0..ff, cc u8, cd u16, ce u32, cf u64, d0 i8, d1 i16, d2 i32, d3 i64
 *   float  cb float64, for every number that is not whole
 *   str    a0+n, d9 n8, da n16, db n32, then UTF-8
 *   array  90+n, dc n16, dd n32, then its elements; map 80+n, de n16, df n32, then key and value in turn
 *
 * An own writer because this is the cost of a datagram: it copies what was packed before and takes exact 64-bit
 * integers without boxing the small ones.
 */

/**
 * Values are written one behind the other into a chunk, and given away as views of it: nothing is copied. A view keeps
 * its whole chunk in memory, which is nothing to a datagram but too much for what is kept for long.
 */
const CHUNK_BYTES = 65_536;
let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
/** Where the present value began, and where its next byte goes. */
let start = 0;
let at = 0;

/**
 * One value as MessagePack, in bytes of its own. Throws a RangeError on integers outside [-2^63, 2^64 - 1] and a
 * TypeError on what has no form here (undefined, functions, symbols); bound the depth before (see `faultOf`).
 */
export function packed(value: unknown): Buffer {
  start = at;
  write(value);
  return chunk.subarray(start, at);
}

/**
 * Values one after the other, in bytes of their own; what is bytes already is taken as MessagePack and copied.
 * Throws as `packed`.
 */
export function packedAll(values: readonly unknown[]): Buffer {
  start = at;
  for (const value of values) {
    if (value instanceof Uint8Array) append(value);
    else write(value);
  }
  return chunk.subarray(start, at);
}

/**
 * Bytes in the making: begun, written to, cut back where too much was written, and taken. Nothing else may be packed
 * between the first and the last, so they belong into one run of code that never waits.
 */
export const making = {
  /** The first `free` bytes are left for the caller to fill. */
  begin(free: number): void {
    start = at;
    making.skip(free);
  },
  /** Leaves bytes free, of any content. */
  skip(free: number): void {
    reserve(free);
    at += free;
  },
  /** Throws as `packed`. */
  put: write,
  /** The head of an array whose elements follow. */
  putArray(length: number): void {
    reserve(9);
    writeHead(length, 0x90, 0xdc);
  },
  /** Takes bytes as they are. */
  putBytes: append,
  /** How many bytes there are so far. */
  length: (): number => at - start,
  cutBack(length: number): void {
    at = start + length;
  },
  take: (): Buffer => chunk.subarray(start, at),
} as const;

function write(value: unknown): void {
  reserve(9);
  if (value === null) chunk[at++] = 0xc0;
  else if (typeof value === 'string') writeText(value);
  else if (typeof value === 'number') writeNumber(value);
  else if (typeof value === 'bigint') writeBigInt(value);
  else if (typeof value === 'boolean') chunk[at++] = value ? 0xc3 : 0xc2;
  else if (typeof value === 'object') writeObject(value);
  else throw new TypeError(`a ${typeof value} has no MessagePack form`);
}

function writeObject(value: object): void {
  if (isFloat64(value)) writeFloat(value[FLOAT64]);
  else if (Array.isArray(value)) {
    writeHead(value.length, 0x90, 0xdc);
    for (const element of value) write(element);
  } else writeMap(value as Readonly<Record<string, unknown>>);
}

function writeMap(fields: Readonly<Record<string, unknown>>): void {
  const keys = Object.keys(fields);
  writeHead(keys.length, 0x80, 0xde);
  for (const key of keys) {
    reserve(9);
    writeText(key);
    write(fields[key]);
  }
}

/** The head of an array or map of `count` entries: the short form, else the 16-bit tag or the one after it. */
function writeHead(count: number, short: number, long: number): void {
  if (count < 16) chunk[at++] = short | count;
  else if (count < 0x10000) tagged(long, count, 2);
  else tagged(long + 1, count, 4);
}

function writeNumber(value: number): void {
  if (!Number.isInteger(value)) writeFloat(value);
  else if (value >= 0 && value < 0x80) chunk[at++] = value;
  else if (value >= -0x8000_0000 && value <= 0xffff_ffff) writeSmall(value);
  else if (Number.isSafeInteger(value)) writeLarge(value);
  else writeBigInt(BigInt(value));
}

/** An integer of at most 32 bits beyond the positive one-byte form. */
function writeSmall(value: number): void {
  if (value >= 0) {
    if (value < 0x100) tagged(0xcc, value, 1);
    else if (value < 0x10000) tagged(0xcd, value, 2);
    else tagged(0xce, value, 4);
  } else if (value >= -0x20) chunk[at++] = value & 0xff;
  else if (value >= -0x80) tagged(0xd0, value & 0xff, 1);
  else if (value >= -0x8000) tagged(0xd1, value & 0xffff, 2);
  else tagged(0xd2, value >>> 0, 4);
}

/** An integer of more than 32 bits that is exact as a double: its two halves, without a bigint. */
function writeLarge(value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  chunk[at++] = value < 0 ? 0xd3 : 0xcf;
  writeHalf(high);
  writeHalf(value % 0x1_0000_0000);
}

/** 32 bits; a byte of the chunk takes the lowest eight of what is put into it. */
function writeHalf(value: number): void {
  chunk[at++] = value >>> 24;
  chunk[at++] = value >>> 16;
  chunk[at++] = value >>> 8;
  chunk[at++] = value;
}

function writeBigInt(value: bigint): void {
  if (value >= -0x8000_0000n && value <= 0xffff_ffffn) writeNumber(Number(value));
  else {
    chunk[at++] = value < 0n ? 0xd3 : 0xcf;
    at = value < 0n ? chunk.writeBigInt64BE(value, at) : chunk.writeBigUInt64BE(value, at);
  }
}

function writeFloat(value: number): void {
  chunk[at++] = 0xcb;
  at = chunk.writeDoubleBE(value, at);
}

/** Most text is short ASCII, quicker to copy here than to hand over to the native encoder. */
const SHORT_TEXT = 72;

function writeText(text: string): void {
  const { length } = text;
  reserve(length + 5);
  if (length < SHORT_TEXT) {
    const before = at;
    writeTextHead(length);
    let unit = 0;
    let read = 0;
    while (read < length) {
      unit = text.charCodeAt(read++);
      if (unit > 0x7f) break;
      chunk[at++] = unit;
    }
    if (unit <= 0x7f) return;
    at = before;
  }
  const bytes = Buffer.byteLength(text);
  reserve(bytes + 5);
  writeTextHead(bytes);
  at += chunk.write(text, at, 'utf8');
}

function writeTextHead(bytes: number): void {
  if (bytes < 32) chunk[at++] = 0xa0 | bytes;
  else if (bytes < 0x100) tagged(0xd9, bytes, 1);
  else if (bytes < 0x10000) tagged(0xda, bytes, 2);
  else tagged(0xdb, bytes, 4);
}

function tagged(tag: number, value: number, width: 1 | 2 | 4): void {
  chunk[at++] = tag;
  for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) chunk[at++] = (value >>> shift) & 0xff;
}

function append(bytes: Uint8Array): void {
  reserve(bytes.length);
  chunk.set(bytes, at);
  at += bytes.length;
}

function reserve(bytes: number): void {
  if (at + bytes <= chunk.length) return;
  const written = at - start;
  const next = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, (written + bytes) * 2));
  chunk.copy(next, 0, start, at);
  chunk = next;
  start = 0;
  at = written;
}
