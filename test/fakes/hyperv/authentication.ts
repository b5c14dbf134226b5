import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { KerberosAcceptor } from './kerberos-acceptor.ts';
import { FLAGS, messageType } from './ntlm-messages.ts';
import { Sealing } from './ntlm-seal.ts';
import { type Account, channelBindings, type NtlmIdentity, type NtlmOptions, NtlmServer } from './ntlm-server.ts';

export interface AuthenticationOptions {
  readonly accounts: readonly Account[];
  /** As on a new Windows: Negotiate alone, and over HTTP nothing but sealed bodies. */
  readonly negotiate?: boolean;
  readonly basic?: boolean;
  /** Common names of client certificates and the accounts they are mapped to. */
  readonly certificates?: Readonly<Record<string, string>>;
  readonly allowUnencrypted?: boolean;
  /** CbtHardeningLevel, over TLS; default relaxed. */
  readonly channelBinding?: 'none' | 'relaxed' | 'strict';
  /** What the server's certificate is signed with; default sha256. */
  readonly certificateHash?: string;
  /** Takes tickets, in `Kerberos` and `Negotiate`; principals are mapped to accounts by their name. Nothing is sealed. */
  readonly kerberos?: KerberosAcceptor;
}

/** Who asks, and for bodies that are sealed, how. */
export interface Admitted {
  readonly user: string;
  readonly session: Session | null;
  /** What the answer to a login says in WWW-Authenticate: its last word. */
  readonly token?: string;
}

export interface Session {
  readonly user: string;
  readonly inbound: Sealing;
  readonly outbound: Sealing;
  readonly seals: boolean;
}

export interface Refused {
  readonly status: 401 | 500;
  readonly challenges: readonly string[];
}

/** The first letter of an NTLM message; a ticket begins with a tag of ASN.1. */
const NTLM_BEGIN = 0x4e;

interface Security {
  handshake: NtlmServer | null;
  session: Session | null;
  /** The account whose ticket was taken. */
  ticket: string | null;
}

export const MUTUAL = 'http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual';

/** Decides of requests whose they are. A connection is a security context. */
export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #ntlm: Pick<NtlmOptions, 'computer' | 'domain' | 'now'>;
  readonly #connections = new WeakMap<Socket, Security>();
  /** Why clients were refused, in order; requests without any proof are not among them. */
  readonly refusals: string[] = [];
  /** Handshakes that ended well, and how many of them had a MIC. */
  readonly handshakes = { done: 0, withMic: 0 };
  readonly identities: NtlmIdentity[] = [];

  constructor(options: AuthenticationOptions, ntlm: Pick<NtlmOptions, 'computer' | 'domain' | 'now'>) {
    this.#options = options;
    this.#ntlm = ntlm;
  }

  /** Whether the request may be answered; a body that is there is sealed or not. */
  async check({ headers, socket }: IncomingMessage, body: 'none' | 'plain' | 'sealed'): Promise<Admitted | Refused> {
    const isSecure = socket instanceof TLSSocket;
    const [scheme = '', proof = ''] = (headers.authorization ?? '').split(' ');
    if (scheme === MUTUAL) return this.#certificate(socket);
    if (scheme === 'Basic') return this.#basic(proof, isSecure);
    const security = this.#connections.get(socket) ?? { handshake: null, session: null, ticket: null };
    this.#connections.set(socket, security);
    const { kerberos } = this.#options;
    const given = Buffer.from(proof, 'base64');
    if (kerberos !== undefined && /^(Negotiate|Kerberos)$/.test(scheme) && given[0] !== NTLM_BEGIN)
      return this.#ticket(security, scheme, given, kerberos, isSecure, body);
    if (/^(Negotiate|NTLM)$/.test(scheme)) {
      const refused = this.#negotiate(security, scheme, given, socket);
      if (refused !== null) return refused;
    }
    const { session, ticket } = security;
    if (ticket !== null) return this.#unsealed(ticket, body, isSecure);
    if (session === null) return body === 'sealed' ? this.#refuse('sealed without a context') : this.#unknown(isSecure);
    if (body === 'sealed' && !session.seals) return this.#refuse('sealed, which was not negotiated');
    if (body === 'sealed') return { user: session.user, session };
    return this.#unsealed(session.user, body, isSecure);
  }

  /** One who is known, with a body that is not sealed. */
  #unsealed(user: string, body: 'none' | 'plain' | 'sealed', isSecure: boolean): Admitted | Refused {
    if (body === 'sealed') return this.#refuse('sealed, which was not negotiated');
    if (body === 'none' || isSecure || this.#options.allowUnencrypted === true) return { user, session: null };
    this.refusals.push('a plain body over HTTP');
    return { status: 500, challenges: [] };
  }

  /** A login with Kerberos: one token each way. */
  async #ticket(
    security: Security,
    scheme: string,
    given: Buffer,
    kerberos: KerberosAcceptor,
    isSecure: boolean,
    body: 'none' | 'plain' | 'sealed',
  ): Promise<Admitted | Refused> {
    security.ticket = null;
    try {
      const { user, token } = await kerberos.accept(given);
      const [name = ''] = user.split('@');
      const account = this.#options.accounts.find((each) => each.user.toLowerCase() === name.toLowerCase());
      if (account === undefined) return this.#refuse(`no account for ${user}`, isSecure);
      security.ticket = account.user;
      this.handshakes.done++;
      const admitted = this.#unsealed(account.user, body, isSecure);
      return 'status' in admitted ? admitted : { ...admitted, token: `${scheme} ${token.toString('base64')}` };
    } catch (error) {
      return this.#refuse(error instanceof Error ? error.message : String(error), isSecure);
    }
  }

  #unknown(isSecure: boolean): Refused {
    const { negotiate = true, basic = false, allowUnencrypted = false } = this.#options;
    const offersBasic = basic && (isSecure || allowUnencrypted);
    const challenges = [
      ...(negotiate ? ['Negotiate'] : []),
      ...(this.#options.kerberos ? ['Kerberos'] : []),
      ...(offersBasic ? ['Basic realm="WSMAN"'] : []),
    ];
    return { status: 401, challenges };
  }

  #refuse(why: string, isSecure = true): Refused {
    this.refusals.push(why);
    return this.#unknown(isSecure);
  }

  #certificate(socket: Socket): Admitted | Refused {
    const { certificates = {} } = this.#options;
    if (!(socket instanceof TLSSocket)) return this.#refuse('a certificate without TLS', false);
    if (!socket.authorized) return this.#refuse(`a certificate: ${socket.authorizationError}`);
    const name = socket.getPeerCertificate().subject.CN;
    const user = typeof name === 'string' && Object.hasOwn(certificates, name) ? certificates[name] : undefined;
    return user === undefined ? this.#refuse(`no account for certificate ${name}`) : { user, session: null };
  }

  #basic(proof: string, isSecure: boolean): Admitted | Refused {
    const { accounts, basic = false, allowUnencrypted = false } = this.#options;
    if (!basic || !(isSecure || allowUnencrypted)) return this.#refuse('Basic is off', isSecure);
    const [, given = '', password] = /^([^:]*):(.*)$/s.exec(Buffer.from(proof, 'base64').toString()) ?? [];
    const user = given.slice(given.lastIndexOf('\\') + 1).toLowerCase();
    const account = accounts.find((each) => each.user.toLowerCase() === user && each.password === password);
    return account ? { user: account.user, session: null } : this.#refuse(`Basic of ${given}`, isSecure);
  }

  /** One step of the handshake: null where it is at its good end. */
  #negotiate(security: Security, scheme: string, token: Buffer, socket: Socket): Refused | null {
    const isSecure = socket instanceof TLSSocket;
    if (this.#options.negotiate === false) return this.#refuse('Negotiate is off', isSecure);
    try {
      if (messageType(token) === 1 || security.handshake === null) {
        security.session = null;
        security.handshake = new NtlmServer(this.#optionsOf(socket));
        const challenge = security.handshake.challenge(token).toString('base64');
        return { status: 401, challenges: [`${scheme} ${challenge}`] };
      }
      const { handshake } = security;
      security.handshake = null;
      security.session = this.#sessionOf(handshake.authenticate(token));
      return null;
    } catch (error) {
      security.session = null;
      return this.#refuse(error instanceof Error ? error.message : String(error), isSecure);
    }
  }

  #sessionOf(identity: NtlmIdentity): Session {
    const { flags, sessionKey, user, mic } = identity;
    this.handshakes.done++;
    if (mic) this.handshakes.withMic++;
    this.identities.push(identity);
    return {
      user,
      inbound: new Sealing(flags, sessionKey, 'client'),
      outbound: new Sealing(flags, sessionKey, 'server'),
      seals: (flags & FLAGS.seal) !== 0 && (flags & FLAGS.extendedSessionSecurity) !== 0,
    };
  }

  #optionsOf(socket: Socket): NtlmOptions {
    const { channelBinding = 'relaxed', accounts, certificateHash } = this.#options;
    const certificate = socket instanceof TLSSocket ? socket.getCertificate() : null;
    const raw = certificate && 'raw' in certificate && Buffer.isBuffer(certificate.raw) ? certificate.raw : null;
    const bindings =
      channelBinding === 'none' || !raw
        ? null
        : { hash: channelBindings(raw, certificateHash), strict: channelBinding === 'strict' };
    return { ...this.#ntlm, accounts, bindings };
  }
}
