import { randomBytes } from 'node:crypto';
import { computeResponses, hmacMd5, responseKey } from './keys.ts';
import {
  AV,
  type AvPair,
  type Challenge,
  decodeChallenge,
  encodeAuthenticate,
  encodeNegotiate,
  encodePairs,
  FLAGS,
  HAS_MIC,
  MIC_OFFSET,
  NtlmError,
} from './messages.ts';
import { rc4 } from './rc4.ts';

export interface NtlmUser {
  /** Empty for a local account, and for `user@domain`. */
  readonly domain: string;
  readonly user: string;
  readonly password: string;
}

/** `DOMAIN\user`, `user@domain` or a local account's `user`, as NTLM wants it. */
export function ntlmUser(username: string, password: string): NtlmUser {
  const at = username.indexOf('\\');
  return { domain: username.slice(0, Math.max(at, 0)), user: username.slice(at + 1), password };
}

/** What is random and what time it is: given, so that tests can have the published ones. */
export interface Chance {
  readonly clientChallenge: Uint8Array;
  readonly sessionKey: Uint8Array;
  /** Microseconds since 1970. */
  readonly nowUs: number;
}

export const chanceAt = (nowUs: number): Chance => ({
  clientChallenge: randomBytes(8),
  sessionKey: randomBytes(16),
  nowUs,
});

const WANTED =
  FLAGS.unicode |
  FLAGS.requestTarget |
  FLAGS.sign |
  FLAGS.seal |
  FLAGS.ntlm |
  FLAGS.alwaysSign |
  FLAGS.extendedSecurity |
  FLAGS.targetInfo |
  FLAGS.version |
  FLAGS.bits128 |
  FLAGS.keyExchange |
  FLAGS.bits56;
/** Without these the other side is older than NTLMv2, or speaks another sealing. */
const NEEDED = FLAGS.unicode | FLAGS.extendedSecurity | FLAGS.bits128 | FLAGS.keyExchange | FLAGS.sign | FLAGS.seal;

export const negotiateMessage = (): Buffer => encodeNegotiate(WANTED);

export interface Authenticated {
  readonly message: Buffer;
  /** 16 bytes, for `clientSealing`. */
  readonly sessionKey: Uint8Array;
}

/**
 * The answer to a challenge, NTLMv2 only ([MS-NLMP] 3.1.5.1.2), with a MIC over all three messages where the server's
 * time says that it knows of one. `bindings`, 16 bytes, tie it to a TLS connection. Throws NtlmError on a challenge that
 * cannot be answered so.
 */
export function authenticate(
  negotiate: Uint8Array,
  challengeMessage: Buffer,
  who: NtlmUser,
  chance: Chance,
  bindings: Uint8Array | null = null,
): Authenticated {
  const challenge = decodeChallenge(challengeMessage);
  if ((challenge.flags & NEEDED) >>> 0 !== NEEDED >>> 0)
    throw new NtlmError('the server does not agree to NTLMv2 with 128 bits, signed and sealed');
  const timestamp = challenge.targetInfo.find(({ id }) => id === AV.timestamp)?.value;
  if (timestamp !== undefined && timestamp.length !== 8) throw new NtlmError('a challenge whose time is no time');
  const told = timestamp === undefined ? challenge.targetInfo : withMicFlag(challenge.targetInfo);
  const pairs = bindings === null ? told : withBindings(told, bindings);
  const responses = computeResponses(
    responseKey(who.user, who.domain, who.password),
    challenge.serverChallenge,
    chance.clientChallenge,
    timestamp ?? fileTime(chance.nowUs),
    encodePairs(pairs),
  );
  const message = encodeAuthenticate({
    flags: challenge.flags & WANTED,
    // A server that tells the time takes no LMv2 response.
    lmResponse: timestamp === undefined ? responses.lm : Buffer.alloc(24),
    ntResponse: responses.nt,
    domain: who.domain,
    user: who.user,
    workstation: '',
    sessionKey: rc4(responses.sessionBaseKey)(chance.sessionKey),
  });
  if (timestamp !== undefined)
    hmacMd5(chance.sessionKey, negotiate, challengeMessage, message).copy(message, MIC_OFFSET);
  return { message, sessionKey: chance.sessionKey };
}

function withMicFlag(pairs: Challenge['targetInfo']): AvPair[] {
  const value = Buffer.alloc(4);
  const given = pairs.find(({ id }) => id === AV.flags)?.value;
  value.writeUInt32LE(((given?.length === 4 ? Buffer.from(given).readUInt32LE() : 0) | HAS_MIC) >>> 0);
  return [...pairs.filter(({ id }) => id !== AV.flags), { id: AV.flags, value }];
}

const withBindings = (pairs: readonly AvPair[], value: Uint8Array): readonly AvPair[] => [
  ...pairs.filter(({ id }) => id !== AV.channelBindings),
  { id: AV.channelBindings, value },
];

/** 100 ns since 1601. */
function fileTime(nowUs: number): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE((BigInt(Math.round(nowUs)) + 11_644_473_600_000_000n) * 10n);
  return time;
}
