import { createHash, createHmac, randomBytes } from 'node:crypto';
import { md4 } from './md4.ts';
import {
  type Authenticate,
  AV,
  AV_HAS_MIC,
  decodeAuthenticate,
  decodePairs,
  encodeChallenge,
  encodePairs,
  FLAGS,
  MIC_AT,
  MIC_LENGTH,
  messageType,
  negotiateFlags,
} from './ntlm-messages.ts';
import { Rc4 } from './rc4.ts';

/** An account: `password` of `user` in `domain` ('' for any). Names match without regard to case. */
export interface Account {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

export interface NtlmOptions {
  readonly accounts: readonly Account[];
  readonly computer: string;
  readonly domain: string;
  /** Microseconds since 1970, for the time in the challenge. */
  readonly now: () => number;
  /** Eight bytes; default random. */
  readonly serverChallenge?: Buffer;
  /** MD5 of the channel's bindings; null: there is no TLS. `strict`: a client must have them. */
  readonly bindings?: { readonly hash: Buffer; readonly strict: boolean } | null;
}

/** What a client proved. */
export interface NtlmIdentity {
  readonly user: string;
  readonly domain: string;
  /** Flags that both sides have. */
  readonly flags: number;
  /** ExportedSessionKey, 16 bytes. */
  readonly sessionKey: Buffer;
  /** The client sent a MIC, which was right. */
  readonly mic: boolean;
}

/** A client was refused; the sentence is for the test that looks. */
export class NtlmRefusal extends Error {
  override readonly name = 'NtlmRefusal';
}

const SUPPORTED =
  FLAGS.unicode |
  FLAGS.sign |
  FLAGS.seal |
  FLAGS.alwaysSign |
  FLAGS.extendedSessionSecurity |
  FLAGS.version |
  FLAGS.key128 |
  FLAGS.keyExchange |
  FLAGS.key56;
const OWN = FLAGS.requestTarget | FLAGS.ntlm | FLAGS.targetTypeServer | FLAGS.targetInfo;
/** The 4 + 4 + 8 + 8 + 4 bytes before the target information in a client's challenge, after the 16 of the proof. */
const PAIRS_AT = 16 + 28;

const hmacMd5 = (key: Buffer, ...parts: readonly Buffer[]): Buffer =>
  createHmac('md5', key).update(Buffer.concat(parts)).digest();
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

/** NTOWFv2 of §3.3.2. */
export const ntlmHash = (password: string, user: string, domain: string): Buffer =>
  hmacMd5(md4(utf16(password)), utf16(user.toUpperCase() + domain));

/** One handshake of NTLMv2, as a server sees it: `challenge` once, then `authenticate` once. */
export class NtlmServer {
  readonly #options: NtlmOptions;
  readonly #serverChallenge: Buffer;
  #negotiate: Buffer = Buffer.alloc(0);
  #challenge: Buffer = Buffer.alloc(0);

  constructor(options: NtlmOptions) {
    this.#options = options;
    this.#serverChallenge = options.serverChallenge ?? randomBytes(8);
  }

  /** The answer to a NEGOTIATE message. */
  challenge(negotiate: Buffer): Buffer {
    if (messageType(negotiate) !== 1) throw new NtlmRefusal('not a NEGOTIATE message');
    const { computer, domain, now } = this.#options;
    const timestamp = Buffer.alloc(8);
    timestamp.writeBigUInt64LE(BigInt(now()) * 10n + FILETIME_OF_1970);
    this.#negotiate = Buffer.from(negotiate);
    this.#challenge = encodeChallenge({
      flags: (negotiateFlags(negotiate) & SUPPORTED) | OWN,
      serverChallenge: this.#serverChallenge,
      targetName: computer,
      targetInfo: encodePairs([
        [AV.domain, utf16(domain)],
        [AV.computer, utf16(computer)],
        [AV.dnsDomain, utf16(`${domain.toLowerCase()}.org`)],
        [AV.dnsComputer, utf16(`${computer.toLowerCase()}.${domain.toLowerCase()}.org`)],
        [AV.timestamp, timestamp],
      ]),
    });
    return this.#challenge;
  }

  /** Throws an NtlmRefusal unless the client knows the password. */
  authenticate(message: Buffer): NtlmIdentity {
    if (this.#challenge.length === 0) throw new NtlmRefusal('no challenge was asked for');
    if (messageType(message) !== 3) throw new NtlmRefusal('not an AUTHENTICATE message');
    const sent = decodeAuthenticate(message);
    const { user, domain, ntResponse, flags } = sent;
    if (ntResponse.length <= PAIRS_AT) throw new NtlmRefusal(`${user} answers with NTLMv1 or not at all`);
    const base = this.#prove(sent);
    const pairs = decodePairs(ntResponse.subarray(PAIRS_AT));
    const exchanged = (flags & FLAGS.keyExchange) !== 0 && sent.sessionKey.length === 16;
    const sessionKey = exchanged ? new Rc4(base).apply(sent.sessionKey) : base;
    const mic = ((pairs.get(AV.flags)?.readUInt32LE() ?? 0) & AV_HAS_MIC) !== 0;
    if (mic) this.#checkMic(sessionKey, message);
    this.#checkBindings(pairs);
    return { user, domain, flags, sessionKey, mic };
  }

  /** The session base key of the one account whose password made the proof. */
  #prove({ user, domain, ntResponse }: Authenticate): Buffer {
    const account = this.#options.accounts.find((each) => matches(each, user, domain));
    if (account === undefined) throw new NtlmRefusal(`no account ${domain}\\${user}`);
    const hash = ntlmHash(account.password, user, domain);
    const proof = ntResponse.subarray(0, 16);
    if (!hmacMd5(hash, this.#serverChallenge, ntResponse.subarray(16)).equals(proof))
      throw new NtlmRefusal(`a wrong password of ${domain}\\${user}`);
    return hmacMd5(hash, proof);
  }

  #checkMic(sessionKey: Buffer, message: Buffer): void {
    const without = Buffer.from(message);
    without.fill(0, MIC_AT, MIC_AT + MIC_LENGTH);
    const right = hmacMd5(sessionKey, this.#negotiate, this.#challenge, without);
    if (!right.equals(message.subarray(MIC_AT, MIC_AT + MIC_LENGTH))) throw new NtlmRefusal('a wrong MIC');
  }

  #checkBindings(pairs: ReadonlyMap<number, Buffer>): void {
    const { bindings } = this.#options;
    if (!bindings) return;
    const sent = pairs.get(AV.channelBindings);
    if (sent === undefined || sent.every((byte) => byte === 0)) {
      if (bindings.strict) throw new NtlmRefusal('no channel bindings');
    } else if (!sent.equals(bindings.hash)) throw new NtlmRefusal('channel bindings of another channel');
  }
}

/** 100 ns from 1601 to 1970. */
export const FILETIME_OF_1970 = 116_444_736_000_000_000n;

/** `user` may be a name with its domain behind an @, and then comes without one. */
function matches(account: Account, user: string, domain: string): boolean {
  const [name = '', behind] = user.toLowerCase().split('@');
  const where = (behind ?? domain).toLowerCase().split('.')[0] ?? '';
  return account.user.toLowerCase() === name && (account.domain === '' || where === account.domain.toLowerCase());
}

/**
 * MD5 of the bindings of a TLS channel, RFC 5929 tls-server-end-point: no addresses, and the hash of the server's
 * certificate (DER) with the algorithm that it is signed with.
 */
export function channelBindings(certificate: Buffer, hash = 'sha256'): Buffer {
  const name = Buffer.from('tls-server-end-point:');
  const bound = Buffer.concat([name, createHash(hash).update(certificate).digest()]);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(bound.length, 16);
  return createHash('md5')
    .update(Buffer.concat([head, bound]))
    .digest();
}
