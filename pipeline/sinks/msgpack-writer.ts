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

/** Reused by every call: a value is written here and copied out in its final size. */
let scratch = Buffer.allocUnsafe(4096);
let at = 0;

/**
 * One value as MessagePack, in bytes of its own. Throws a RangeError on integers outside [-2^63, 2^64 - 1] and a
 * TypeError on what has no form here (undefined, functions, symbols); bound the depth before (see `faultOf`).
 */
export function packed(value: unknown): Buffer {
  at = 0;
  write(value);
  return Buffer.from(scratch.subarray(0, at));
}

/**
 * Values one after the other, in bytes of their own; what is bytes already is taken as MessagePack and copied.
 * Throws as `packed`.
 */
export function packedAll(values: readonly unknown[]): Buffer {
  at = 0;
  for (const value of values) {
    if (value instanceof Uint8Array) append(value);
    else write(value);
  }
  return Buffer.from(scratch.subarray(0, at));
}

function write(value: unknown): void {
  reserve(9);
  if (value === null) scratch[at++] = 0xc0;
  else if (typeof value === 'string') writeText(value);
  else if (typeof value === 'number') writeNumber(value);
  else if (typeof value === 'bigint') writeBigInt(value);
  else if (typeof value === 'boolean') scratch[at++] = value ? 0xc3 : 0xc2;
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
  if (count < 16) scratch[at++] = short | count;
  else if (count < 0x10000) tagged(long, count, 2);
  else tagged(long + 1, count, 4);
}

function writeNumber(value: number): void {
  if (!Number.isInteger(value)) writeFloat(value);
  else if (value >= 0 && value < 0x80) scratch[at++] = value;
  else if (value >= -0x8000_0000 && value <= 0xffff_ffff) writeSmall(value);
  else writeBigInt(BigInt(value));
}

/** An integer of at most 32 bits beyond the positive one-byte form. */
function writeSmall(value: number): void {
  if (value >= 0) {
    if (value < 0x100) tagged(0xcc, value, 1);
    else if (value < 0x10000) tagged(0xcd, value, 2);
    else tagged(0xce, value, 4);
  } else if (value >= -0x20) scratch[at++] = value & 0xff;
  else if (value >= -0x80) tagged(0xd0, value & 0xff, 1);
  else if (value >= -0x8000) tagged(0xd1, value & 0xffff, 2);
  else tagged(0xd2, value >>> 0, 4);
}

function writeBigInt(value: bigint): void {
  if (value >= -0x8000_0000n && value <= 0xffff_ffffn) writeNumber(Number(value));
  else {
    scratch[at++] = value < 0n ? 0xd3 : 0xcf;
    at = value < 0n ? scratch.writeBigInt64BE(value, at) : scratch.writeBigUInt64BE(value, at);
  }
}

function writeFloat(value: number): void {
  scratch[at++] = 0xcb;
  at = scratch.writeDoubleBE(value, at);
}

/** Most text is short ASCII, quicker to copy here than to hand over to the native encoder. */
const SHORT_TEXT = 72;

function writeText(text: string): void {
  const { length } = text;
  reserve(length + 5);
  if (length < SHORT_TEXT) {
    const start = at;
    writeTextHead(length);
    let unit = 0;
    let read = 0;
    while (read < length) {
      unit = text.charCodeAt(read++);
      if (unit > 0x7f) break;
      scratch[at++] = unit;
    }
    if (unit <= 0x7f) return;
    at = start;
  }
  const bytes = Buffer.byteLength(text);
  reserve(bytes + 5);
  writeTextHead(bytes);
  at += scratch.write(text, at, 'utf8');
}

function writeTextHead(bytes: number): void {
  if (bytes < 32) scratch[at++] = 0xa0 | bytes;
  else if (bytes < 0x100) tagged(0xd9, bytes, 1);
  else if (bytes < 0x10000) tagged(0xda, bytes, 2);
  else tagged(0xdb, bytes, 4);
}

function tagged(tag: number, value: number, width: 1 | 2 | 4): void {
  scratch[at++] = tag;
  for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) scratch[at++] = (value >>> shift) & 0xff;
}

function append(bytes: Uint8Array): void {
  reserve(bytes.length);
  scratch.set(bytes, at);
  at += bytes.length;
}

function reserve(bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + bytes));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}
