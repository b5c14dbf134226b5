/**
 * Protocol Buffers' wire format, as much of it as OTLP and remote-write need:
 *
 *   message  = { tag value }        tag = varint(field << 3 | type)
 *   type 0   varint: 7 bits a byte, least first, the top bit set on all but the last; negative ones as 2^64 more
 *   type 1   8 bytes, least first: double, fixed64, sfixed64
 *   type 2   varint of the length, then as many bytes: text, bytes, a message, a packed list
 *
 * Nothing is left out by itself: whoever writes decides what a zero means.
 */
export interface ProtobufWriter {
  /** uint32, uint64, int64, enum or bool; a number must be a safe integer. */
  varint(field: number, value: number | bigint): void;
  double(field: number, value: number): void;
  /** The 64 bits of an integer, signed or not. */
  fixed64(field: number, value: bigint): void;
  text(field: number, value: string): void;
  bytes(field: number, value: Uint8Array): void;
  message(field: number, body: () => void): void;
  /** A list of small unsigned integers. */
  packed(field: number, values: readonly number[]): void;
  /** Everything written since the last time. */
  take(): Buffer;
}

const FIRST_BYTES = 16_384;
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** A writer with a buffer of its own that grows. */
export function createProtobufWriter(): ProtobufWriter {
  let buffer = Buffer.allocUnsafe(FIRST_BYTES);
  let at = 0;

  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * buffer.length, at + bytes));
    buffer.copy(grown, 0, 0, at);
    buffer = grown;
  };
  const unsigned = (value: number): void => {
    room(10);
    let left = value;
    while (left >= 0x80) {
      buffer[at++] = (left % 0x80) | 0x80;
      left = Math.floor(left / 0x80);
    }
    buffer[at++] = left;
  };
  const big = (value: bigint): void => {
    room(10);
    let left = BigInt.asUintN(64, value);
    for (; left >= 0x80n; left >>= 7n) buffer[at++] = Number(left & 0x7fn) | 0x80;
    buffer[at++] = Number(left);
  };
  const integer = (value: number | bigint): void => {
    if (typeof value === 'number' && value >= 0) unsigned(value);
    else big(BigInt(value));
  };
  const tag = (field: number, type: number): void => unsigned(field * 8 + type);
  /** Puts the length of what `body` writes before it. */
  const sized = (body: () => void): void => {
    const start = at;
    body();
    const end = at;
    const length = end - start;
    const digits = length < 0x80 ? 1 : Math.ceil(Math.log2(length + 1) / 7);
    room(digits);
    buffer.copyWithin(start + digits, start, end);
    at = start;
    unsigned(length);
    at = end + digits;
  };

  return {
    varint(field, value) {
      tag(field, VARINT);
      integer(value);
    },
    double(field, value) {
      tag(field, FIXED64);
      room(8);
      at = buffer.writeDoubleLE(value, at);
    },
    fixed64(field, value) {
      tag(field, FIXED64);
      room(8);
      at = buffer.writeBigUInt64LE(BigInt.asUintN(64, value), at);
    },
    text(field, value) {
      tag(field, LENGTH);
      const bytes = Buffer.byteLength(value);
      unsigned(bytes);
      room(bytes);
      at += buffer.write(value, at);
    },
    bytes(field, value) {
      tag(field, LENGTH);
      unsigned(value.length);
      room(value.length);
      buffer.set(value, at);
      at += value.length;
    },
    message(field, body) {
      tag(field, LENGTH);
      sized(body);
    },
    packed(field, values) {
      tag(field, LENGTH);
      sized(() => values.forEach(unsigned));
    },
    take() {
      const taken = Buffer.from(buffer.subarray(0, at));
      at = 0;
      return taken;
    },
  };
}
