/** A field's value as it is on the wire: integers unsigned, the rest as bytes. */
export type WireValue = bigint | Buffer;

/**
 * The fields of a message by number (the grammar is in `protobuf.ts`), each with its last value, as readers take it for a
 * field that is no list. Null where the bytes are no message: what a server answers may be anything.
 */
export function readFields(bytes: Buffer): ReadonlyMap<number, WireValue> | null {
  const fields = new Map<number, WireValue>();
  const cursor = { at: 0 };
  while (cursor.at < bytes.length) {
    const tag = readVarint(bytes, cursor);
    if (tag === null || tag > 0xffff_ffffn || tag < 8n) return null;
    const value = readValue(bytes, cursor, Number(tag) % 8);
    if (value === null) return null;
    fields.set(Math.floor(Number(tag) / 8), value);
  }
  return fields;
}

function readValue(bytes: Buffer, cursor: { at: number }, type: number): WireValue | null {
  if (type === 0) return readVarint(bytes, cursor);
  const length = type === 2 ? readVarint(bytes, cursor) : FIXED.get(type);
  if (length === undefined || length === null) return null;
  const start = cursor.at;
  if (length > BigInt(bytes.length - start)) return null;
  cursor.at += Number(length);
  return bytes.subarray(start, cursor.at);
}

/** Lengths by wire type. */
const FIXED: ReadonlyMap<number, bigint> = new Map([
  [1, 8n],
  [5, 4n],
]);

function readVarint(bytes: Buffer, cursor: { at: number }): bigint | null {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) return null;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  return null;
}
