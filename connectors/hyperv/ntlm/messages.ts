/**
 * The three messages of NTLM ([MS-NLMP] 2.2.1), little-endian throughout. A field is `length u16, space u16, offset u32`
 * of bytes in the message; text is UTF-16.
 *
 *   Negotiate    = "NTLMSSP\0" 1 flags domain:field workstation:field version[8]
 *   Challenge    = "NTLMSSP\0" 2 target:field flags challenge[8] 0[8] targetInfo:field version[8] …
 *   Authenticate = "NTLMSSP\0" 3 lm:field nt:field domain:field user:field workstation:field sessionKey:field flags
 *                  version[8] mic[16] …
 *   TargetInfo   = { id u16, length u16, value }… ending with id 0
 */

const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1');
/** What the other side sends is not NTLM, or not of the kind that is spoken here. */
export class NtlmError extends Error {
  override readonly name = 'NtlmError';
}

/** [MS-NLMP] 2.2.2.5 */
export const FLAGS = {
  unicode: 0x1,
  requestTarget: 0x4,
  sign: 0x10,
  seal: 0x20,
  ntlm: 0x200,
  alwaysSign: 0x8000,
  extendedSecurity: 0x80000,
  targetInfo: 0x800000,
  version: 0x2000000,
  bits128: 0x20000000,
  keyExchange: 0x40000000,
  bits56: 0x80000000,
} as const;

/** Ids of the pairs in TargetInfo, [MS-NLMP] 2.2.2.1. */
export const AV = { end: 0, flags: 6, timestamp: 7, channelBindings: 10 } as const;

/** In AV.flags: the Authenticate message has a MIC. */
export const HAS_MIC = 2;

/** Windows 10.0, of which nothing depends on anything but that it is there; NTLMSSP revision 15. */
const VERSION = Buffer.from([10, 0, 0, 0, 0, 0, 0, 15]);
const MOST_BYTES = 65_536;

export interface AvPair {
  readonly id: number;
  readonly value: Uint8Array;
}

export interface Challenge {
  readonly flags: number;
  readonly serverChallenge: Buffer;
  readonly targetInfo: readonly AvPair[];
}

export function encodeNegotiate(flags: number): Buffer {
  const message = Buffer.alloc(40);
  SIGNATURE.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(flags >>> 0, 12);
  VERSION.copy(message, 32);
  return message;
}

/** Throws NtlmError on what is no Challenge, or one whose fields lie outside of it. */
export function decodeChallenge(message: Buffer): Challenge {
  if (message.length < 48 || message.length > MOST_BYTES) throw new NtlmError('a challenge of a wrong length');
  if (!message.subarray(0, 8).equals(SIGNATURE) || message.readUInt32LE(8) !== 2)
    throw new NtlmError('what was answered is no NTLM challenge');
  const flags = message.readUInt32LE(20);
  return {
    flags,
    serverChallenge: message.subarray(24, 32),
    targetInfo: flags & FLAGS.targetInfo ? decodePairs(fieldAt(message, 40)) : [],
  };
}

function fieldAt(message: Buffer, at: number): Buffer {
  const length = message.readUInt16LE(at);
  const offset = message.readUInt32LE(at + 4);
  if (offset + length > message.length) throw new NtlmError('a challenge with a field outside of it');
  return message.subarray(offset, offset + length);
}

function decodePairs(bytes: Buffer): AvPair[] {
  const pairs: AvPair[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const id = bytes.readUInt16LE(at);
    const end = at + 4 + bytes.readUInt16LE(at + 2);
    if (id === AV.end) return pairs;
    if (end > bytes.length) break;
    pairs.push({ id, value: bytes.subarray(at + 4, end) });
    at = end;
  }
  throw new NtlmError('a challenge whose target information has no end');
}

export function encodePairs(pairs: readonly AvPair[]): Buffer {
  const parts = [...pairs, { id: AV.end, value: Buffer.alloc(0) }].flatMap(({ id, value }) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(id);
    head.writeUInt16LE(value.length, 2);
    return [head, value];
  });
  return Buffer.concat(parts);
}

export const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

export interface Authenticate {
  readonly flags: number;
  readonly lmResponse: Uint8Array;
  readonly ntResponse: Uint8Array;
  readonly domain: string;
  readonly user: string;
  readonly workstation: string;
  readonly sessionKey: Uint8Array;
}

/** Where the MIC belongs; it is zero until all else stands. */
export const MIC_OFFSET = 72;
const HEADER_BYTES = 88;

export function encodeAuthenticate(given: Authenticate): Buffer {
  const { flags, lmResponse, ntResponse, domain, user, workstation, sessionKey } = given;
  const header = Buffer.alloc(HEADER_BYTES);
  SIGNATURE.copy(header);
  header.writeUInt32LE(3, 8);
  const fields = [lmResponse, ntResponse, utf16(domain), utf16(user), utf16(workstation), sessionKey];
  let offset = HEADER_BYTES;
  fields.forEach((value, index) => {
    const at = 12 + index * 8;
    header.writeUInt16LE(value.length, at);
    header.writeUInt16LE(value.length, at + 2);
    header.writeUInt32LE(offset, at + 4);
    offset += value.length;
  });
  header.writeUInt32LE(flags >>> 0, 60);
  VERSION.copy(header, 64);
  return Buffer.concat([header, ...fields]);
}
