import { type ConnectorContext, EndpointError } from '../connector.ts';
import { createHttpClient, type HttpAnswer, type HttpClient } from '../http-client.ts';
import type { HttpTls } from '../http-tls.ts';
import { decodeJsonReply, encodeJsonCall } from './json-rpc.ts';
import { type Parameter, ProtocolError, type RrdQuery, rrdPath, type Value } from './protocol.ts';
import { decodeRrdAnswer } from './rrd-answer.ts';
import type { RrdUpdates } from './rrd-updates.ts';
import { decodeXmlReply, encodeXmlCall } from './xml-rpc.ts';

/** The inventory of a pool of some ten thousand VMs; beyond it something else answers. */
const MAX_INVENTORY_BYTES = 128 * 2 ** 20;
/** A session or a certificate. */
const MAX_REPLY_BYTES = 2 ** 20;
const INVENTORY_CALL = /^event\.from$|\.get_all_records$/;
/** 2 h of 60 s rows of a host with a thousand VMs. */
const MAX_RRD_BYTES = 64 * 2 ** 20;

export interface ClientOptions extends ConnectorContext {
  readonly endpoint: string;
  /** `https://host:port` */
  readonly origin: string;
  readonly tls: HttpTls;
  /** For connecting, and for an answer to begin. */
  readonly timeoutMs: number;
}

/** The host does not take the session any more (HTTP 401). */
export class SessionRefused extends Error {
  override readonly name = 'SessionRefused';
}

/** Speaks to one host: the only one who does I/O. Every request is reported as `endpoint.call`. */
export class Client {
  readonly origin: string;
  readonly #http: HttpClient;
  readonly #options: ClientOptions;
  /** What the host speaks; JSON-RPC until it shows otherwise. */
  #wire: 'json' | 'xml' = 'json';
  #calls = 0;

  private constructor(http: HttpClient, options: ClientOptions) {
    this.origin = options.origin;
    this.#http = http;
    this.#options = options;
  }

  /** Opens nothing yet but the CA's file. Rejects with an EndpointError. */
  static async open(options: ClientOptions): Promise<Client> {
    const { endpoint, origin, tls, timeoutMs, record: tap } = options;
    return new Client(await createHttpClient({ endpoint, origin, tls, connections: 2, timeoutMs, tap }), options);
  }

  /** Lets go, also of requests in flight. Safe to call twice. */
  close(): Promise<void> {
    return this.#http.close();
  }

  /**
   * Calls XAPI. Rejects with XapiError if it refuses, with EndpointError if there is no answer that can be read, with
   * the signal's reason when that aborts.
   */
  async call(method: string, params: readonly Parameter[], signal: AbortSignal): Promise<Value> {
    if (this.#wire === 'json') {
      const reply = await this.#callJson(method, params, signal);
      if (reply !== null) return this.#readable(async () => decodeJsonReply(reply));
      this.#wire = 'xml';
    }
    const answer = await this.#post(method, '/', 'text/xml', encodeXmlCall(method, params), signal);
    if (answer.status !== 200) throw await this.#badStatus(answer);
    return this.#readable(() => decodeXmlReply(answer.body));
  }

  /** The text of a JSON answer; null: the host speaks no JSON-RPC. */
  async #callJson(method: string, params: readonly Parameter[], signal: AbortSignal): Promise<string | null> {
    const body = encodeJsonCall(method, params, ++this.#calls);
    const answer = await this.#post(method, '/jsonrpc', 'application/json', body, signal);
    if (answer.status === 404 || answer.header('content-type')?.startsWith('text/xml')) {
      await answer.discard();
      return null;
    }
    if (answer.status !== 200) throw await this.#badStatus(answer);
    const text = await answer.text();
    return /^\s*\{/.test(text) ? text : null;
  }

  /** Rejects as `call` does, and with SessionRefused. `onAnswer` is told when rows begin to come. */
  async rrdUpdates(session: string, query: RrdQuery, signal: AbortSignal, onAnswer: () => void): Promise<RrdUpdates> {
    this.#report('rrd_updates');
    const answer = await this.#http.request({
      method: 'GET',
      path: rrdPath(session, query),
      headers: { accept: 'application/json' },
      maxBytes: MAX_RRD_BYTES,
      signal,
    });
    if (answer.status === 401) {
      await answer.discard();
      throw new SessionRefused();
    }
    if (answer.status !== 200) throw await this.#badStatus(answer);
    onAnswer();
    return this.#readable(() => decodeRrdAnswer(answer.body));
  }

  #post(method: string, path: string, type: string, body: string, signal: AbortSignal): Promise<HttpAnswer> {
    this.#report(method);
    return this.#http.request({
      method: 'POST',
      path,
      headers: { 'content-type': type },
      body,
      maxBytes: INVENTORY_CALL.test(method) ? MAX_INVENTORY_BYTES : MAX_REPLY_BYTES,
      signal,
    });
  }

  #report(call: string): void {
    this.#options.report({ event: 'endpoint.call', hypervisor: this.#options.endpoint, kind: 'xenapi', call });
  }

  async #badStatus(answer: HttpAnswer): Promise<EndpointError> {
    await answer.discard();
    const { status } = answer;
    const code = status === 403 ? 'refused' : 'protocol';
    return new EndpointError(
      code,
      this.#options.endpoint,
      `${this.origin} answers HTTP ${status}: ${remedyOf(status)}`,
    );
  }

  async #readable<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const message = `${this.origin} gives an answer that cannot be read: ${error.message}`;
      throw new EndpointError('protocol', this.#options.endpoint, message, error);
    }
  }
}

function remedyOf(status: number): string {
  if (status === 403) return "the user's role is too small, read-only is enough";
  if (status >= 500) return 'its statistics daemon or XAPI is down, look at xcp-rrdd and xapi there';
  return 'is it a XenServer or XCP-ng host?';
}
