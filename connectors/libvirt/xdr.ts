/** Bytes that do not say what the protocol says they must. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

const padding = (length: number): number => -length & 3;

/**
 * Reads XDR (RFC 4506) from one packet's payload, front to back. Every length is checked against what is left
 * before anything is taken, so that a hostile count costs nothing. Throws ProtocolError.
 */
export class XdrReader {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(length: number): number {
    if (length > this.left) throw new ProtocolError(`truncated: ${length} bytes wanted, ${this.left} left`);
    const at = this.#at;
    this.#at += length;
    return at;
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  uint(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  hyper(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  uhyper(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** A view of `length` bytes of fixed opaque data; its padding is skipped. */
  opaque(length: number): Buffer {
    const at = this.#take(length + padding(length));
    return this.#bytes.subarray(at, at + length);
  }

  /** At most 4 MiB by libvirt's protocol, which the packet's own limit and `#take` enforce. */
  string(): string {
    return this.opaque(this.uint()).toString('utf8');
  }

  optional<T>(read: (from: XdrReader) => T): T | null {
    const present = this.uint();
    if (present > 1) throw new ProtocolError(`an optional's flag is ${present}`);
    return present === 1 ? read(this) : null;
  }

  /** A counted array of at most `limit` items, each of at least `itemBytes` on the wire. */
  array<T>(limit: number, itemBytes: number, read: (from: XdrReader) => T): T[] {
    const count = this.uint();
    if (count > limit) throw new ProtocolError(`${count} items where the protocol allows ${limit}`);
    if (count * itemBytes > this.left) throw new ProtocolError(`${count} items in ${this.left} bytes`);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read(this));
    return items;
  }
}

/** Appends XDR (RFC 4506) values; `bytes` is what was written so far. */
export class XdrWriter {
  readonly #parts: Buffer[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  int(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    this.#parts.push(part);
    return this;
  }

  uint(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32BE(value);
    this.#parts.push(part);
    return this;
  }

  hyper(value: bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigInt64BE(value);
    this.#parts.push(part);
    return this;
  }

  uhyper(value: bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64BE(value);
    this.#parts.push(part);
    return this;
  }

  opaque(value: Uint8Array): this {
    this.#parts.push(Buffer.from(value), Buffer.alloc(padding(value.length)));
    return this;
  }

  string(value: string): this {
    const encoded = Buffer.from(value, 'utf8');
    return this.uint(encoded.length).opaque(encoded);
  }

  optional<T>(value: T | null, write: (to: XdrWriter, value: T) => void): this {
    this.uint(value === null ? 0 : 1);
    if (value !== null) write(this, value);
    return this;
  }
}
