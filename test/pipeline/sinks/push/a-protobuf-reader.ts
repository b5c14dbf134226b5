/** A field as it is on the wire: a varint or eight bytes as an unsigned integer, the rest as bytes. */
export type WireValue = bigint | Buffer;

/** A message's fields by number, in their order. Written for the tests alone: it shares nothing with the writer. */
export function readMessage(bytes: Buffer): ReadonlyMap<number, readonly WireValue[]> {
  const fields = new Map<number, WireValue[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = tag >> 3;
    let value: WireValue;
    if ((tag & 7) === 0) value = varint();
    else if ((tag & 7) === 1) {
      value = bytes.readBigUInt64LE(at);
      at += 8;
    } else if ((tag & 7) === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw new RangeError(`field ${field} is longer than its message`);
      value = bytes.subarray(at, at + length);
      at += length;
    } else throw new RangeError(`wire type ${tag & 7}`);
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

type Message = ReturnType<typeof readMessage>;

export const messages = (message: Message, field: number): readonly Message[] =>
  (message.get(field) ?? []).map((value) => readMessage(value as Buffer));

export const texts = (message: Message, field: number): readonly string[] =>
  (message.get(field) ?? []).map((value) => (value as Buffer).toString('utf8'));

export const textOf = (message: Message, field: number): string => texts(message, field)[0] ?? '';

export const integerOf = (message: Message, field: number): bigint => (message.get(field)?.[0] as bigint) ?? 0n;

export function doubleOf(message: Message, field: number): number {
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64LE(integerOf(message, field));
  return bits.readDoubleLE();
}

/** A packed list of varints. */
export function packedOf(message: Message, field: number): readonly number[] {
  const bytes = (message.get(field)?.[0] ?? Buffer.alloc(0)) as Buffer;
  const values: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    values.push(value);
  }
  return values;
}
