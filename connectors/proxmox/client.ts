import type { ConnectorContext } from '../connector.ts';
import { EndpointError } from '../connector.ts';
import { createHttpClient, type HttpAnswer, type HttpClient } from '../http-client.ts';
import type { HttpTls } from '../http-tls.ts';
import type { Moment } from './lives.ts';
import { BASE, decodeMessage, decodeReply, ProtocolError } from './protocol.ts';

/** A cluster of some ten thousand guests; beyond it something else answers. */
const MAX_BYTES = 32 * 2 ** 20;
const MAX_ERROR_BYTES = 2 ** 16;

export interface ClientOptions extends ConnectorContext {
  readonly endpoint: string;
  /** `https://host:port` */
  readonly origin: string;
  readonly tls: HttpTls;
  readonly timeoutMs: number;
}

/** The node's answer is an error of its own. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: number;
  /** In the node's words. */
  readonly words: string | null;
  constructor(status: number, words: string | null) {
    super(words === null ? `HTTP ${status}` : `HTTP ${status}, ${words}`);
    this.status = status;
    this.words = words;
  }
}

export interface Reply {
  readonly data: unknown;
  /** The middle of the call. */
  readonly at: Moment;
}

/** Speaks to one node: the only one who does I/O. Every request is reported as `endpoint.call`. */
export class Client {
  readonly origin: string;
  readonly #http: HttpClient;
  readonly #options: ClientOptions;

  private constructor(http: HttpClient, options: ClientOptions) {
    this.origin = options.origin;
    this.#http = http;
    this.#options = options;
  }

  /** Opens nothing yet but the CA's file. Rejects with an EndpointError. */
  static async open(options: ClientOptions): Promise<Client> {
    const { endpoint, origin, tls, timeoutMs } = options;
    return new Client(await createHttpClient({ endpoint, origin, tls, connections: 4, timeoutMs }), options);
  }

  /** Lets go, also of requests in flight. Safe to call twice. */
  close(): Promise<void> {
    return this.#http.close();
  }

  /**
   * Rejects with StatusError if the node answers with an error, with EndpointError if there is no answer that can be
   * read, with the signal's reason when that aborts.
   */
  get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Reply> {
    return this.#call(path, { method: 'GET', headers }, signal);
  }

  /** As `get`, with a form in the body. */
  post(path: string, form: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Reply> {
    const body = new URLSearchParams(form).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#call(path, { method: 'POST', headers, body }, signal);
  }

  async #call(
    path: string,
    request: { method: 'GET' | 'POST'; headers: Readonly<Record<string, string>>; body?: string },
    signal: AbortSignal,
  ): Promise<Reply> {
    const { clock, report, endpoint } = this.#options;
    report({
      event: 'endpoint.call',
      hypervisor: endpoint,
      kind: 'proxmox',
      call: `${request.method} ${nameOf(path)}`,
    });
    const sent = { wall: clock.now(), monotonic: clock.monotonic() };
    const answer = await this.#http.request({ ...request, path: `${BASE}${path}`, maxBytes: MAX_BYTES, signal });
    const halfway = Math.round((clock.monotonic() - sent.monotonic) / 2);
    if (answer.status !== 200) throw await statusError(answer);
    const text = await answer.text();
    const at = { wall: sent.wall + halfway, monotonic: sent.monotonic + halfway };
    return { data: this.#readable(() => decodeReply(text)), at };
  }

  #readable<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const message = `${this.origin} gives an answer that cannot be read: ${error.message}`;
      throw new EndpointError('protocol', this.#options.endpoint, message, error);
    }
  }
}

/** For a metric: without the name of a node. */
const nameOf = (path: string): string => path.replace(/^\/nodes\/[^/]+/, '/nodes/{node}');

async function statusError(answer: HttpAnswer): Promise<StatusError> {
  if (Number(answer.header('content-length') ?? 0) > MAX_ERROR_BYTES) {
    await answer.discard();
    return new StatusError(answer.status, null);
  }
  return new StatusError(answer.status, decodeMessage(await answer.text()));
}
