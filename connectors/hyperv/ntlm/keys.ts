import { createHash, createHmac } from 'node:crypto';
import { md4 } from './md4.ts';
import { utf16 } from './messages.ts';

export const hmacMd5 = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer => {
  const hmac = createHmac('md5', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};

/** NTOWFv2 ([MS-NLMP] 3.3.2): 16 bytes that stand for who it is. The domain is taken as it is written. */
export const responseKey = (user: string, domain: string, password: string): Buffer =>
  hmacMd5(md4(utf16(password)), utf16(user.toUpperCase() + domain));

export interface Responses {
  readonly lm: Buffer;
  readonly nt: Buffer;
  /** Of NTLMv2 it is the key exchange key as well. */
  readonly sessionBaseKey: Buffer;
}

/** ComputeResponse of NTLMv2 ([MS-NLMP] 3.3.2). `time` is a FILETIME, `targetInfo` as it goes into the message. */
export function computeResponses(
  key: Uint8Array,
  serverChallenge: Uint8Array,
  clientChallenge: Uint8Array,
  time: Uint8Array,
  targetInfo: Uint8Array,
): Responses {
  const client = Buffer.concat([
    Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]),
    time,
    clientChallenge,
    Buffer.alloc(4),
    targetInfo,
    Buffer.alloc(4),
  ]);
  const proof = hmacMd5(key, serverChallenge, client);
  return {
    lm: Buffer.concat([hmacMd5(key, serverChallenge, clientChallenge), clientChallenge]),
    nt: Buffer.concat([proof, client]),
    sessionBaseKey: hmacMd5(key, proof),
  };
}

type Direction = 'client-to-server' | 'server-to-client';

/** SIGNKEY and SEALKEY with extended session security and 128 bits ([MS-NLMP] 3.4.5). */
export const signKey = (sessionKey: Uint8Array, direction: Direction): Buffer =>
  derived(sessionKey, `session key to ${direction} signing key magic constant\0`);

export const sealKey = (sessionKey: Uint8Array, direction: Direction): Buffer =>
  derived(sessionKey, `session key to ${direction} sealing key magic constant\0`);

const derived = (sessionKey: Uint8Array, magic: string): Buffer =>
  createHash('md5').update(sessionKey).update(magic, 'latin1').digest();
