/** RC4, whose stream goes on from call to call; Node's OpenSSL no longer has it. */
export class Rc4 {
  readonly #box = Uint8Array.from({ length: 256 }, (_, i) => i);
  #i = 0;
  #j = 0;

  constructor(key: Buffer) {
    const box = this.#box;
    for (let i = 0, j = 0; i < 256; i++) {
      j = (j + (box[i] ?? 0) + (key[i % key.length] ?? 0)) & 255;
      this.#swap(i, j);
    }
  }

  /** The bytes, encrypted or decrypted, which is the same. */
  apply(bytes: Buffer): Buffer {
    const box = this.#box;
    const out = Buffer.alloc(bytes.length);
    for (let at = 0; at < bytes.length; at++) {
      this.#i = (this.#i + 1) & 255;
      this.#j = (this.#j + (box[this.#i] ?? 0)) & 255;
      this.#swap(this.#i, this.#j);
      out[at] = (bytes[at] ?? 0) ^ (box[((box[this.#i] ?? 0) + (box[this.#j] ?? 0)) & 255] ?? 0);
    }
    return out;
  }

  #swap(i: number, j: number): void {
    const box = this.#box;
    const kept = box[i] ?? 0;
    box[i] = box[j] ?? 0;
    box[j] = kept;
  }
}
