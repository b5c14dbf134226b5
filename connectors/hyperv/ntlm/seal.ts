import { timingSafeEqual } from 'node:crypto';
import { hmacMd5, sealKey, signKey } from './keys.ts';
import { NtlmError } from './messages.ts';
import { rc4 } from './rc4.ts';

/** 16 bytes: version 1, eight of the checksum, the number of the message. */
export const SIGNATURE_BYTES = 16;

export interface Sealed {
  readonly signature: Buffer;
  readonly message: Buffer;
}

/** What both sides share after the handshake. Messages must be opened in the order in which the other side sealed them. */
export interface Sealing {
  seal(message: Uint8Array): Sealed;
  /** Throws NtlmError if it was not sealed by the other side, or not in its turn. */
  open(sealed: Sealed): Buffer;
}

/** With extended session security, key exchange and 128 bits ([MS-NLMP] 3.4.4.2, 3.4.3). The client's side. */
export function clientSealing(sessionKey: Uint8Array): Sealing {
  const out = direction(sessionKey, 'client-to-server');
  const back = direction(sessionKey, 'server-to-client');
  return {
    seal: (message) => {
      const sealed = out.crypt(message);
      return { message: sealed, signature: out.sign(message) };
    },
    open: ({ signature, message }) => {
      const opened = back.crypt(message);
      const expected = back.sign(opened);
      if (signature.length !== SIGNATURE_BYTES || !timingSafeEqual(signature, expected))
        throw new NtlmError('a sealed answer with a wrong signature');
      return opened;
    },
  };
}

function direction(sessionKey: Uint8Array, way: Parameters<typeof signKey>[1]) {
  const key = signKey(sessionKey, way);
  const crypt = rc4(sealKey(sessionKey, way));
  let sequence = 0;
  return {
    crypt,
    /** Takes from the same stream as the message, after it. */
    sign: (message: Uint8Array): Buffer => {
      const signature = Buffer.alloc(SIGNATURE_BYTES);
      signature.writeUInt32LE(1);
      signature.writeUInt32LE(sequence >>> 0, 12);
      sequence++;
      crypt(hmacMd5(key, signature.subarray(12), message).subarray(0, 8)).copy(signature, 4);
      return signature;
    },
  };
}
