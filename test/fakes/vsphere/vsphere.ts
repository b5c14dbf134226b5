import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { assertWellFormed, child, parseElement } from './element.ts';
import { envelope, type Fault, faultXml, invalidRequest, plainFaultXml } from './fault.ts';
import { PERFORMANCE_METHODS } from './performance-methods.ts';
import { refOf } from './property-filter.ts';
import { PROPERTY_METHODS } from './property-methods.ts';
import { countElements } from './query-spec.ts';
import { type Answer, play, type Reaction } from './reaction.ts';
import { offence } from './schema.ts';
import { type Call, FaultError, Service, type ServiceOptions } from './service.ts';
import { type Method, SESSION_METHODS, unknownMethod } from './session-methods.ts';

export interface FakeOptions extends ServiceOptions {
  /** Speak TLS. */
  readonly tls?: ServerOptions;
  readonly port?: number;
  /** Whether answers are packed where the client accepts that; default never. */
  readonly gzip?: boolean;
  /** Undefined: answer properly. It is asked before the method is carried out. */
  readonly react?: (call: Call, fake: FakeVsphere) => Reaction | undefined;
}

const METHODS: Readonly<Record<string, Method>> = { ...SESSION_METHODS, ...PROPERTY_METHODS, ...PERFORMANCE_METHODS };
const COOKIE = 'vmware_soap_session';
const METHOD = /<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)/;
const SELF = /<(?:\w+:)?_this\s[^>]*?\btype="(\w+)"[^>]*>([^<]*)</;

/** A vCenter or ESX on a loopback port, over a world whose truth is known, which misbehaves as told. */
export class FakeVsphere {
  readonly service: Service;
  /** Names of the methods that were called, in order. */
  readonly calls: string[] = [];
  /** Requests that were refused because they were not as the schema, XML or HTTP has them. */
  readonly offences: string[] = [];
  /** Calls that are being answered, and the most there ever were at once. */
  readonly busy = { now: 0, most: 0 };
  /** Bytes of requests and of answers, before packing. */
  readonly bytes = { in: 0, out: 0 };
  react: FakeOptions['react'];
  readonly #options: FakeOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.react = options.react;
    this.service = new Service(options);
    const listener: RequestListener = (request, response) => void this.#serve(request, response);
    this.#server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
    this.#server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  static async start(options: FakeOptions): Promise<FakeVsphere> {
    const fake = new FakeVsphere(options);
    await new Promise<void>((resolve) => fake.#server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return fake;
  }

  get origin(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Its SOAP address. */
  get url(): string {
    return `${this.origin}/sdk`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Sessions, views and filters that are open now; and those that clients left behind when they went. */
  get open(): { readonly sessions: number; readonly views: number; readonly filters: number } {
    const sessions = [...this.service.sessions.values()];
    return {
      sessions: sessions.length,
      views: sessions.reduce((sum, { views }) => sum + views.size, 0),
      filters: sessions.reduce((sum, { filters }) => sum + filters, 0),
    };
  }

  get left(): Service['left'] {
    return this.service.left;
  }

  count(method: string): number {
    return this.calls.filter((call) => call === method).length;
  }

  /** As when vCenter's service restarts: connections are cut, sessions with all that was theirs are gone. */
  restart(): void {
    this.service.forget();
    this.disconnect();
  }

  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.service.forget();
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
    const text = Buffer.concat(chunks).toString('utf8');
    this.bytes.in += text.length;
    const send = (answer: Answer): void => this.#send(request, response, answer);
    if (request.method !== 'POST' || !request.url?.startsWith('/sdk'))
      return send({ status: 404, xml: 'Not Found', headers: { 'content-type': 'text/plain' } });
    const call = this.#understand(request, text);
    if ('status' in call) return send(call);
    this.calls.push(call.method);
    this.busy.most = Math.max(this.busy.most, ++this.busy.now);
    response.once('close', () => this.busy.now--);
    await this.#react(this.react?.(call, this), call, response, send);
  }

  async #react(
    reaction: Reaction | undefined,
    call: Call,
    response: ServerResponse,
    send: (answer: Answer) => void,
  ): Promise<void> {
    if (reaction === undefined) return send(await this.#answer(call));
    if (typeof reaction === 'object' && 'afterMs' in reaction) {
      await delay(reaction.afterMs);
      return this.#react(reaction.next, call, response, send);
    }
    if (typeof reaction === 'object' && 'fault' in reaction) return send(this.#fault(reaction.fault));
    await play(reaction, await this.#answer(call), response, send);
  }

  /** The call, or the answer to what is none. */
  #understand(request: IncomingMessage, text: string): Call | Answer {
    const method = METHOD.exec(text)?.[1];
    if (!/^text\/xml\b/.test(request.headers['content-type'] ?? '')) return this.#offend('not text/xml');
    if (method === undefined) return this.#offend('no method in a SOAP body');
    const most = this.service.options.maxElements ?? 500_000;
    if (text.length > most * 4 && countElements(text) > most)
      return this.#offend(`XML document element count exceeds configured maximum ${most}`);
    const [, type = '', value = ''] = SELF.exec(text) ?? [];
    const key = new RegExp(`${COOKIE}="?([^";]+)`).exec(request.headers.cookie ?? '')?.[1];
    const session = key === undefined ? null : this.service.sessionOf(key);
    const call = { method, self: { type, value }, text, session };
    try {
      if (method === 'QueryPerf') {
        if (this.service.options.checksRequests !== false) assertWellFormed(text);
        return { ...call, element: null };
      }
      const body = child(parseElement(text), 'Body');
      const element = body?.children[0];
      if (element === undefined || refOf(child(element, '_this')).value !== value) return this.#offend('no _this');
      const wrong = offence(element, method);
      return wrong === null ? { ...call, element } : this.#offend(wrong);
    } catch (error) {
      return this.#offend(error instanceof Error ? error.message : String(error));
    }
  }

  #offend(why: string): Answer {
    this.offences.push(why);
    return { status: 500, xml: plainFaultXml(why, this.service.xsi), headers: XML };
  }

  async #answer(call: Call): Promise<Answer> {
    const headers: Record<string, string> = { ...XML };
    const setCookie = (key: string): void => {
      headers['set-cookie'] = `${COOKIE}="${key}"; Path=/; HttpOnly;${this.#options.tls ? ' Secure;' : ''}`;
    };
    try {
      const method = Object.hasOwn(METHODS, call.method) ? METHODS[call.method] : undefined;
      const inner = method ? await method(this.service, call, setCookie) : unknownMethod(this.service, call);
      const name = `${call.method}Response`;
      return { status: 200, xml: envelope(`<${name} xmlns="urn:vim25">${inner}</${name}>`, this.service.xsi), headers };
    } catch (error) {
      if (error instanceof FaultError) return this.#fault(error.fault);
      const why = error instanceof Error ? error.message : String(error);
      this.offences.push(why);
      return this.#fault(invalidRequest(why));
    }
  }

  #fault(fault: Fault): Answer {
    return { status: 500, xml: faultXml(fault, this.service.xsi), headers: XML };
  }

  #send({ headers, socket }: IncomingMessage, response: ServerResponse, answer: Answer): void {
    if (socket.destroyed) return;
    this.bytes.out += answer.xml.length;
    const packed = this.#options.gzip === true && /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
    const body = packed ? gzipSync(answer.xml, { level: 1 }) : Buffer.from(answer.xml);
    const encoding = packed ? { 'content-encoding': 'gzip' } : {};
    response.writeHead(answer.status, { ...answer.headers, ...encoding, 'content-length': body.length });
    response.end(body);
  }
}

const XML = { 'content-type': 'text/xml; charset="utf-8"', 'cache-control': 'no-cache' };
