import { createHmac } from 'node:crypto';
import { AV, AV_HAS_MIC, decodePairs, encodePairs, FLAGS, MIC_AT } from './ntlm-messages.ts';
import { type Account, ntlmHash } from './ntlm-server.ts';
import { Rc4 } from './rc4.ts';

/** A client of NTLMv2 for the fake's own tests; what it chooses is fixed. */
export interface Proof {
  readonly message: Buffer;
  readonly sessionKey: Buffer;
  readonly flags: number;
}

const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1');
const CLIENT_CHALLENGE = Buffer.alloc(8, 0xaa);
const SESSION_KEY = Buffer.alloc(16, 0x55);
const ASKED =
  FLAGS.unicode |
  FLAGS.requestTarget |
  FLAGS.sign |
  FLAGS.seal |
  FLAGS.ntlm |
  FLAGS.alwaysSign |
  (FLAGS.extendedSessionSecurity | FLAGS.targetInfo | FLAGS.key128 | FLAGS.keyExchange | FLAGS.key56);
/** Fields of an AUTHENTICATE message begin behind its MIC. */
const HEAD = 88;

const hmacMd5 = (key: Buffer, ...parts: readonly Buffer[]): Buffer =>
  createHmac('md5', key).update(Buffer.concat(parts)).digest();

export function negotiate(): Buffer {
  const message = Buffer.alloc(32);
  SIGNATURE.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(ASKED >>> 0, 12);
  message.writeUInt32LE(32, 20);
  message.writeUInt32LE(32, 28);
  return message;
}

/** The answer to a challenge. `pairs`: more of the client's target information. */
export function authenticate(
  first: Buffer,
  challenge: Buffer,
  { user, domain, password }: Account,
  more: readonly (readonly [number, Buffer])[] = [],
): Proof {
  const flags = (challenge.readUInt32LE(20) & ASKED) >>> 0;
  const infoAt = challenge.readUInt32LE(44);
  const pairs = decodePairs(challenge.subarray(infoAt, infoAt + challenge.readUInt16LE(40)));
  const time = pairs.get(AV.timestamp) ?? Buffer.alloc(8);
  const hasMic = Buffer.from([AV_HAS_MIC, 0, 0, 0]);
  const info = encodePairs([...pairs, [AV.flags, hasMic], ...more]);
  const temp = Buffer.concat([Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]), time, CLIENT_CHALLENGE, Buffer.alloc(4), info]);
  const hash = ntlmHash(password, user, domain);
  // Four bytes behind the target information belong to the proof.
  const blob = Buffer.concat([temp, Buffer.alloc(4)]);
  const proof = hmacMd5(hash, challenge.subarray(24, 32), blob);
  const encrypted = new Rc4(hmacMd5(hash, proof)).apply(SESSION_KEY);
  const message = layOut(flags, [
    Buffer.alloc(24),
    Buffer.concat([proof, blob]),
    Buffer.from(domain, 'utf16le'),
    Buffer.from(user, 'utf16le'),
    Buffer.from('TEST', 'utf16le'),
    encrypted,
  ]);
  hmacMd5(SESSION_KEY, first, challenge, message).copy(message, MIC_AT);
  return { message, sessionKey: SESSION_KEY, flags };
}

function layOut(flags: number, fields: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(HEAD);
  SIGNATURE.copy(head);
  head.writeUInt32LE(3, 8);
  let offset = HEAD;
  fields.forEach((field, i) => {
    head.writeUInt16LE(field.length, 12 + i * 8);
    head.writeUInt16LE(field.length, 14 + i * 8);
    head.writeUInt32LE(offset, 16 + i * 8);
    offset += field.length;
  });
  head.writeUInt32LE(flags, 60);
  return Buffer.concat([head, ...fields]);
}
