import { SavedStateError } from './saved-error.ts';
import type { Amount } from './uint64.ts';

/**
 * Plain binary: doubles of 8 bytes, little endian (exact for every number, NaN and infinities too); counts as LEB128;
 * text and bigints with their length before them; an amount is a tag and one of both.
 */
export interface Writer {
  byte(value: number): void;
  count(value: number): void;
  double(value: number): void;
  /** Their number, then each. */
  doubles(values: readonly number[]): void;
  text(value: string): void;
  bigint(value: bigint): void;
  amount(value: Amount | null): void;
  /** A copy of what was written; the next begins anew. */
  take(): Buffer;
}

const NULL = 0;
const NUMBER = 1;
const BIGINT = 2;

/** One buffer, used again and again. */
export function createWriter(): Writer {
  let buffer = Buffer.alloc(4096);
  // Setting doubles in a view is one instruction; writeDoubleLE moves bytes.
  let view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  let at = 0;
  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.alloc(Math.max(2 * buffer.length, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
    view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  };
  const writer: Writer = {
    byte: (value) => {
      room(1);
      buffer[at++] = value;
    },
    count: (value) => {
      room(8);
      let rest = value;
      for (; rest > 127; rest = Math.floor(rest / 128)) buffer[at++] = (rest % 128) | 128;
      buffer[at++] = rest;
    },
    double: (value) => {
      room(8);
      view.setFloat64(at, value, true);
      at += 8;
    },
    doubles: (values) => {
      writer.count(values.length);
      room(8 * values.length);
      for (let i = 0; i < values.length; i++, at += 8) view.setFloat64(at, values[i] as number, true);
    },
    text: (value) => {
      const length = Buffer.byteLength(value);
      writer.count(length);
      room(length);
      at += buffer.write(value, at);
    },
    bigint: (value) => writer.text(value.toString(36)),
    amount: (value) => {
      if (value === null) writer.byte(NULL);
      else if (typeof value === 'number') {
        writer.byte(NUMBER);
        writer.double(value);
      } else {
        writer.byte(BIGINT);
        writer.bigint(value);
      }
    },
    take: () => {
      const taken = Buffer.from(buffer.subarray(0, at));
      at = 0;
      return taken;
    },
  };
  return writer;
}

/** Reads what a Writer wrote. Every method throws a SavedStateError where the bytes are not that. */
export interface Reader {
  byte(): number;
  count(): number;
  /** A count of things of at least so many bytes each: no more than the rest can hold. */
  countOf(bytesEach: number): number;
  double(): number;
  doubles(): number[];
  /** So many of them and no other number. */
  exactly(length: number): number[];
  text(): string;
  bigint(): bigint;
  amount(): Amount | null;
  /** Nothing may be left. */
  end(): void;
}

/** `what` is named in errors. */
export function createReader(what: string, buffer: Buffer): Reader {
  let at = 0;
  const broken = (): SavedStateError =>
    new SavedStateError('undecodable', `${what} cannot be read at byte ${at} of ${buffer.length}`);
  const skip = (bytes: number): number => {
    if (at + bytes > buffer.length) throw broken();
    at += bytes;
    return at - bytes;
  };
  const reader: Reader = {
    byte: () => buffer[skip(1)] as number,
    count: () => {
      let value = 0;
      for (let scale = 1; scale < 2 ** 50; scale *= 128) {
        const byte = reader.byte();
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
      throw broken();
    },
    countOf: (bytesEach) => {
      const count = reader.count();
      if (count * bytesEach > buffer.length - at) throw broken();
      return count;
    },
    double: () => buffer.readDoubleLE(skip(8)),
    doubles: () => {
      const values = new Array<number>(reader.countOf(8));
      for (let i = 0; i < values.length; i++) values[i] = reader.double();
      return values;
    },
    exactly: (length) => {
      const values = reader.doubles();
      if (values.length !== length) throw broken();
      return values;
    },
    text: () => {
      const length = reader.countOf(1);
      const start = skip(length);
      return buffer.toString('utf8', start, start + length);
    },
    bigint: () => {
      const digits = reader.text();
      if (!/^-?[0-9a-z]{1,64}$/.test(digits)) throw broken();
      let value = 0n;
      for (const digit of digits.replace('-', '')) value = value * 36n + BigInt(Number.parseInt(digit, 36));
      return digits.startsWith('-') ? -value : value;
    },
    amount: () => {
      const tag = reader.byte();
      if (tag === NULL) return null;
      if (tag === NUMBER) return reader.double();
      if (tag === BIGINT) return reader.bigint();
      throw broken();
    },
    end: () => {
      if (at !== buffer.length) throw broken();
    },
  };
  return reader;
}
