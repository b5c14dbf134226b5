import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Admitted, Authentication, type AuthenticationOptions, type Refused } from './authentication.ts';
import { play, type Reaction, send, type Wire } from './reaction.ts';
import { isSealed, SEALED_TYPE, sealBody, unsealBody } from './sealed-body.ts';
import { type Call, FaultError, Service, type ServiceOptions } from './service.ts';
import { ANSWER_TYPE, isSoap } from './soap.ts';

export interface FakeOptions extends ServiceOptions, Partial<AuthenticationOptions> {
  /** Speak TLS, as on 5986. */
  readonly tls?: ServerOptions;
  readonly port?: number;
  /** NetBIOS name of the domain. */
  readonly domain?: string;
  /** Undefined: answer properly. It is asked before what was asked for is done. */
  readonly react?: (call: Call, fake: FakeHyperv) => Reaction | undefined;
}

/** The account where a test says none. */
export const METER = { user: 'meter', domain: 'EXAMPLE', password: 'secret' } as const;

interface Answer {
  readonly status: number;
  readonly xml: string;
}

/** WinRM of one Hyper-V host on a loopback port, over a world whose truth is known, which misbehaves as told. */
export class FakeHyperv {
  readonly service: Service;
  readonly authentication: Authentication;
  /** What was asked: `Enumerate Win32_…`, `Pull`, `Identify` …, in order. */
  readonly calls: string[] = [];
  /** Requests that were refused because they were not as HTTP, SOAP or the sealing have them. */
  readonly offences: string[] = [];
  /** Requests that came sealed. */
  sealed = 0;
  /** Calls that are being answered, and the most there ever were at once. */
  readonly busy = { now: 0, most: 0 };
  /** Bytes of bodies as they went over the wire. */
  readonly bytes = { in: 0, out: 0 };
  react: FakeOptions['react'];
  readonly #options: FakeOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections that there ever were. */
  connected = 0;

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.react = options.react;
    this.service = new Service(options);
    const ntlm = { computer: this.service.host, domain: options.domain ?? 'EXAMPLE', now: options.world.now };
    this.authentication = new Authentication({ accounts: [METER], ...options }, ntlm);
    const listener: RequestListener = (request, response) => void this.#serve(request, response);
    this.#server = options.tls ? createTlsServer(tlsOptions(options), listener) : createServer(listener);
    // Node's 5 s are shorter than the pauses between polls.
    this.#server.keepAliveTimeout = 120_000;
    this.#server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.connected++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  static async start(options: FakeOptions): Promise<FakeHyperv> {
    const fake = new FakeHyperv(options);
    await new Promise<void>((resolve, reject) => {
      fake.#server.once('error', reject);
      fake.#server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return fake;
  }

  get origin(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `${this.origin}/wsman`;
  }

  /** Connections and enumerations that are open now. */
  get open(): { readonly connections: number; readonly enumerations: number } {
    return { connections: this.#sockets.size, enumerations: this.service.enumerations.size };
  }

  /** How many calls began with this text. */
  count(call: string): number {
    return this.calls.filter((each) => each.startsWith(call)).length;
  }

  /** As when the service restarts: connections are cut, enumerations are gone. */
  restart(): void {
    this.service.enumerations.forget();
    this.disconnect();
  }

  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.disconnect();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    this.bytes.in += body.length;
    const path = request.url?.split('?')[0];
    if (path !== '/wsman') return this.#plain(response, 404, 'text/html', 'Not Found');
    if (request.method !== 'POST') return this.#plain(response, 405, 'text/html', '');
    const type = request.headers['content-type'];
    const kind = body.length === 0 ? 'none' : isSealed(type) ? 'sealed' : 'plain';
    const admitted = await this.authentication.check(request, kind);
    if ('status' in admitted) return this.#refuse(response, admitted);
    if (kind === 'none') return this.#greet(response, admitted);
    if (kind === 'plain' && !isSoap(type)) return this.#offend(response, 415, `content type ${type}`);
    await this.#converse(response, body, admitted);
  }

  async #converse(response: ServerResponse, body: Buffer, admitted: Admitted): Promise<void> {
    let call: Call;
    try {
      const text = admitted.session ? unsealBody(body, admitted.session.inbound).text : body;
      if (admitted.session) this.sealed++;
      call = this.service.understand(text.toString('utf8'), admitted.user);
    } catch (error) {
      return this.#offend(response, 400, error instanceof Error ? error.message : String(error));
    }
    this.calls.push(call.className === null ? call.action : `${call.action} ${call.className}`);
    this.busy.most = Math.max(this.busy.most, ++this.busy.now);
    response.once('close', () => this.busy.now--);
    await this.#react(this.react?.(call, this), call, response, admitted);
  }

  async #react(
    reaction: Reaction | undefined,
    call: Call,
    response: ServerResponse,
    admitted: Admitted,
  ): Promise<void> {
    if (reaction === undefined) return this.#send(response, this.#wire(this.#answer(call), admitted));
    if (typeof reaction === 'object') {
      if ('afterMs' in reaction) {
        await delay(reaction.afterMs);
        return this.#react(reaction.next, call, response, admitted);
      }
      if ('status' in reaction) {
        const headers = { ...HEADERS, ...reaction.headers };
        return this.#send(response, { status: reaction.status, headers, bytes: Buffer.from(reaction.body) });
      }
      if ('fault' in reaction) {
        const xml = this.service.fault(reaction.fault, call.messageId);
        return this.#send(response, this.#wire({ status: 500, xml }, admitted));
      }
    }
    const answer = this.#answer(call);
    if (typeof reaction === 'object' && 'rewrite' in reaction)
      return this.#send(response, this.#wire({ ...answer, xml: reaction.rewrite(answer.xml) }, admitted));
    const wire = this.#wire(answer, admitted);
    if (typeof reaction === 'object' && 'tamper' in reaction)
      return this.#send(response, { ...wire, bytes: reaction.tamper(wire.bytes) });
    await play(reaction, wire, answer.xml, response);
  }

  #answer(call: Call): Answer {
    try {
      return { status: 200, xml: this.service.answer(call) };
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      return { status: 500, xml: this.service.fault(error.fault, call.messageId) };
    }
  }

  #wire({ status, xml }: Answer, { session, token }: Admitted): Wire {
    const text = Buffer.from(xml);
    const headers = { ...HEADERS, 'content-type': ANSWER_TYPE, ...(token && { 'www-authenticate': token }) };
    if (session === null) return { status, headers, bytes: text };
    const bytes = sealBody(ANSWER_TYPE, text, session.outbound);
    return { status, headers: { ...HEADERS, 'content-type': SEALED_TYPE }, bytes };
  }

  #send(response: ServerResponse, wire: Wire): void {
    this.bytes.out += wire.bytes.length;
    send(wire, response);
  }

  /** To a request that has only come to log in; with the last token of that, where there is one. */
  #greet(response: ServerResponse, { token }: Admitted): void {
    const headers = { ...HEADERS, 'content-type': ANSWER_TYPE, ...(token && { 'www-authenticate': token }) };
    this.#send(response, { status: 200, headers, bytes: Buffer.alloc(0) });
  }

  #plain(response: ServerResponse, status: number, type: string, body: string): void {
    this.#send(response, { status, headers: { ...HEADERS, 'content-type': type }, bytes: Buffer.from(body) });
  }

  #offend(response: ServerResponse, status: number, why: string): void {
    this.offences.push(why);
    this.#plain(response, status, 'text/html', '');
  }

  #refuse(response: ServerResponse, { status, challenges }: Refused): void {
    const headers = challenges.length > 0 ? { ...HEADERS, 'www-authenticate': [...challenges] } : HEADERS;
    this.#send(response, { status, headers, bytes: Buffer.alloc(0) });
  }
}

const HEADERS = { server: 'Microsoft-HTTPAPI/2.0' };

const tlsOptions = ({ tls, certificates }: FakeOptions): ServerOptions =>
  certificates ? { ...tls, requestCert: true, rejectUnauthorized: false } : { ...tls };
