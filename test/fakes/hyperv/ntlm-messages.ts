/**
 * The three messages of [MS-NLMP] §2.2.1, little-endian. A field is `length u16, room u16, offset u32` into the message.
 *
 *   NEGOTIATE     "NTLMSSP\0" 1 flags domain workstation [version 8]
 *   CHALLENGE     "NTLMSSP\0" 2 target flags challenge 8, reserved 8, target info, version 8
 *   AUTHENTICATE  "NTLMSSP\0" 3 lm nt domain user workstation session key, flags [version 8] [mic 16]
 */
export const FLAGS = {
  unicode: 0x1,
  requestTarget: 0x4,
  sign: 0x10,
  seal: 0x20,
  ntlm: 0x200,
  alwaysSign: 0x8000,
  targetTypeServer: 0x20000,
  extendedSessionSecurity: 0x80000,
  targetInfo: 0x800000,
  version: 0x2000000,
  key128: 0x20000000,
  keyExchange: 0x40000000,
  key56: 0x80000000,
} as const;

const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1');
/** Windows Server 2022 with revision 15 of the protocol. */
const VERSION = Buffer.from([10, 0, 0x7c, 0x4f, 0, 0, 0, 15]);

/** Ids of target information pairs, §2.2.2.1. */
export const AV = {
  end: 0,
  computer: 1,
  domain: 2,
  dnsComputer: 3,
  dnsDomain: 4,
  flags: 6,
  timestamp: 7,
  channelBindings: 10,
} as const;

/** In the flags of a client's target information: there is a MIC. */
export const AV_HAS_MIC = 2;

/** Which of the messages it is; 0 for what is none. */
export const messageType = (message: Buffer): number =>
  message.length >= 12 && message.subarray(0, 8).equals(SIGNATURE) ? message.readUInt32LE(8) : 0;

/** Flags of a NEGOTIATE message, as an unsigned number. */
export const negotiateFlags = (message: Buffer): number => message.readUInt32LE(12);

export interface Challenge {
  readonly flags: number;
  readonly serverChallenge: Buffer;
  readonly targetName: string;
  readonly targetInfo: Buffer;
}

export function encodeChallenge({ flags, serverChallenge, targetName, targetInfo }: Challenge): Buffer {
  const name = Buffer.from(targetName, 'utf16le');
  const head = Buffer.alloc(56);
  SIGNATURE.copy(head);
  head.writeUInt32LE(2, 8);
  field(head, 12, name.length, 56);
  head.writeUInt32LE(flags >>> 0, 20);
  serverChallenge.copy(head, 24);
  field(head, 40, targetInfo.length, 56 + name.length);
  VERSION.copy(head, 48);
  return Buffer.concat([head, name, targetInfo]);
}

function field(head: Buffer, at: number, length: number, offset: number): void {
  head.writeUInt16LE(length, at);
  head.writeUInt16LE(length, at + 2);
  head.writeUInt32LE(offset, at + 4);
}

export interface Authenticate {
  readonly flags: number;
  readonly ntResponse: Buffer;
  readonly domain: string;
  readonly user: string;
  readonly sessionKey: Buffer;
}

/** Throws a RangeError on what does not hold what it says. */
export function decodeAuthenticate(message: Buffer): Authenticate {
  const flags = message.readUInt32LE(60);
  const encoding = flags & FLAGS.unicode ? 'utf16le' : 'latin1';
  return {
    flags,
    ntResponse: fieldAt(message, 20),
    domain: fieldAt(message, 28).toString(encoding),
    user: fieldAt(message, 36).toString(encoding),
    sessionKey: fieldAt(message, 52),
  };
}

function fieldAt(message: Buffer, at: number): Buffer {
  const length = message.readUInt16LE(at);
  const offset = message.readUInt32LE(at + 4);
  if (offset + length > message.length) throw new RangeError('a field beyond the end of the message');
  return message.subarray(offset, offset + length);
}

export const MIC_AT = 72;
export const MIC_LENGTH = 16;

export function encodePairs(pairs: readonly (readonly [id: number, value: Buffer])[]): Buffer {
  const encoded = [...pairs, [AV.end, Buffer.alloc(0)] as const].flatMap(([id, value]) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(id);
    head.writeUInt16LE(value.length, 2);
    return [head, value];
  });
  return Buffer.concat(encoded);
}

export function decodePairs(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const pairs = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const id = bytes.readUInt16LE(at);
    const length = bytes.readUInt16LE(at + 2);
    if (id === AV.end) break;
    pairs.set(id, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return pairs;
}
