import { createHash, createHmac } from 'node:crypto';
import { FLAGS } from './ntlm-messages.ts';
import { Rc4 } from './rc4.ts';

export type Side = 'client' | 'server';

const MAGIC = {
  client: 'session key to client-to-server',
  server: 'session key to server-to-client',
} as const;

const md5 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** SIGNKEY of [MS-NLMP] §3.4.5.2. */
export const signKey = (sessionKey: Buffer, side: Side): Buffer =>
  md5(sessionKey, `${MAGIC[side]} signing key magic constant\0`);

/** SEALKEY of §3.4.5.3, with extended session security. */
export function sealKey(flags: number, sessionKey: Buffer, side: Side): Buffer {
  const kept = flags & FLAGS.key128 ? 16 : flags & FLAGS.key56 ? 7 : 5;
  return md5(sessionKey.subarray(0, kept), `${MAGIC[side]} sealing key magic constant\0`);
}

/** A signature that is not that of the message. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** One direction of a session: messages are numbered from 0 and share one stream. */
export class Sealing {
  readonly #stream: Rc4;
  readonly #signKey: Buffer;
  readonly #exchanged: boolean;
  #sequence = 0;

  constructor(flags: number, sessionKey: Buffer, side: Side) {
    this.#stream = new Rc4(sealKey(flags, sessionKey, side));
    this.#signKey = signKey(sessionKey, side);
    this.#exchanged = (flags & FLAGS.keyExchange) !== 0;
  }

  /** §3.4.4.2: the 16 bytes of the signature, and the ciphertext. */
  seal(message: Buffer): { readonly signature: Buffer; readonly sealed: Buffer } {
    const sealed = this.#stream.apply(message);
    return { signature: this.#sign(message), sealed };
  }

  unseal(signature: Buffer, sealed: Buffer): Buffer {
    const message = this.#stream.apply(sealed);
    if (!this.#sign(message).equals(signature)) throw new SealError('the signature is not that of the message');
    return message;
  }

  #sign(message: Buffer): Buffer {
    const number = Buffer.alloc(4);
    number.writeUInt32LE(this.#sequence++);
    const checksum = createHmac('md5', this.#signKey).update(number).update(message).digest().subarray(0, 8);
    const hidden = this.#exchanged ? this.#stream.apply(checksum) : checksum;
    return Buffer.concat([Buffer.from([1, 0, 0, 0]), hidden, number]);
  }
}
