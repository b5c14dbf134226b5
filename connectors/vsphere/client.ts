import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import type { HttpAnswer, HttpClient } from '../http-client.ts';
import { inTime } from '../in-time.ts';
import type { CallLimit } from '../patience.ts';
import { XmlError } from '../xml-stream.ts';
import type { AnswerReader } from './answers.ts';
import { encodeCall, readAnswer, type SoapCall, VimFault } from './protocol.ts';

export interface ClientOptions {
  /** The endpoint's id, for errors. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly http: HttpClient;
  /** `https://vc1` and `/sdk` */
  readonly origin: string;
  readonly path: string;
  /** Told of every call that is sent. */
  readonly onCall: (call: SoapCall) => void;
  /** Logs in: the session's cookie comes with the answer. */
  readonly login: (call: LoginCall) => Promise<void>;
}

/** A call that is made as it is, without a session if need be. */
export type LoginCall = <T>(call: SoapCall, reader: AnswerReader<T>) => Promise<T>;

/** The server answers with an HTTP status that is neither an answer nor a fault. */
export class HttpStatusError extends EndpointError {
  readonly status: number;
  constructor(endpoint: string, origin: string, status: number) {
    const remedy = remedyOf(status, origin);
    super(status < 500 ? 'unsupported' : 'lost', endpoint, `${origin} answers with HTTP status ${status}: ${remedy}`);
    this.status = status;
  }
}

function remedyOf(status: number, origin: string): string {
  if (status === 404) return 'there is no vSphere API at that path: check the url';
  return status === 400 && origin.startsWith('http:') ? 'a TLS port needs https://' : 'is it overloaded?';
}

/**
 * Unpacked. An hour of 250 VMs with 20 series each, a million values, is 7 MB in the csv form and some 25 MB in the
 * other; more is never asked for at once (batches.ts), nor are more than 100 objects of the inventory.
 */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** A fault or a session is no longer for more than a few kilobytes. */
const LOGIN_MS = 4000;
/** The least that every server since ESXi 5.5 speaks; newer ones are asked for what was new in 6.5, and no more. */
const OLDEST_API = '5.5';
const WANTED_API = '6.5';

/**
 * One session with a vCenter or an ESXi host, over HTTP. A call that the server refuses rejects with a VimFault, all
 * else with an EndpointError. When the session has ended, all calls that notice wait for the same one new login, and
 * are then made again, once.
 */
export class Client {
  readonly #options: ClientOptions;
  readonly #cookies = new Map<string, string>();
  #api = OLDEST_API;
  #renewal: Promise<void> | undefined;
  #generation = 0;
  #ended = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Counts the logins: with another one, views and filters of before are gone. */
  get generation(): number {
    return this.#generation;
  }

  /** Speaks the version of the API that the server has, up to the one that is wanted. */
  speak(apiVersion: string): void {
    this.#api = isOlder(apiVersion, WANTED_API) ? apiVersion || OLDEST_API : WANTED_API;
  }

  /** Makes a call; `reader` is made anew for each attempt. */
  async call<T>(call: SoapCall, reader: () => AnswerReader<T>, limit: CallLimit): Promise<T> {
    const before = this.#generation;
    try {
      return await this.once(call, reader(), limit);
    } catch (error) {
      await this.#renewAfter(error, before);
    }
    return this.once(call, reader(), limit);
  }

  /** The same for a call that means something in the session of one generation only; null: there is another one now. */
  async callWithin<T>(
    generation: number,
    call: SoapCall,
    reader: () => AnswerReader<T>,
    limit: CallLimit,
  ): Promise<T | null> {
    try {
      const answer = await this.once(call, reader(), limit);
      return generation === this.#generation ? answer : null;
    } catch (error) {
      await this.#renewAfter(error, generation);
      return null;
    }
  }

  /** Logs in if that is what was missing, and nobody has meanwhile; else throws the error. */
  async #renewAfter(error: unknown, generation: number): Promise<void> {
    if (!(error instanceof VimFault && error.fault === 'NotAuthenticated')) throw error;
    if (generation === this.#generation) await this.login();
  }

  /** No more logins; one that is under way is waited for. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#renewal?.catch(() => undefined); // told to those who asked for it
  }

  /** Logs in, or waits for the login that is under way. No cookie is sent: a server refuses a login within a session. */
  login(): Promise<void> {
    if (this.#ended) return Promise.reject(new EndpointError('lost', this.#options.endpoint, 'the session was closed'));
    this.#renewal ??= this.#login().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #login(): Promise<void> {
    this.#cookies.clear();
    // Nobody's signal: others may be waiting for it as well.
    const limit = { ms: LOGIN_MS, signal: new AbortController().signal };
    await this.#options.login((call, reader) => this.once(call, reader, limit));
    this.#generation++;
  }

  /** True while there is a session to log out of. */
  get hasSession(): boolean {
    return this.#cookies.size > 0;
  }

  /** Makes a call once, whatever becomes of it. */
  async once<T>(call: SoapCall, reader: AnswerReader<T>, { ms, signal }: CallLimit): Promise<T> {
    const { endpoint, clock, onCall } = this.#options;
    onCall(call);
    const limit = { clock, endpoint, ms, what: call.method, stop: signal };
    await inTime(
      limit,
      (over) => this.#exchange(call, reader, ms, over),
      async () => undefined,
    );
    return this.#read(call, () => reader.finish());
  }

  async #exchange<T>(call: SoapCall, { handler }: AnswerReader<T>, ms: number, signal: AbortSignal): Promise<void> {
    const { http, path, endpoint, origin } = this.#options;
    const answer = await http.request({
      method: 'POST',
      path,
      headers: {
        'content-type': 'text/xml; charset=utf-8',
        soapaction: `urn:vim25/${this.#api}`,
        ...(this.#cookies.size > 0 && {
          cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        }),
      },
      body: encodeCall(call),
      maxBytes: MAX_ANSWER_BYTES,
      silenceMs: ms,
      signal,
    });
    if (answer.status !== 200 && !isFault(answer)) {
      await answer.discard();
      throw new HttpStatusError(endpoint, origin, answer.status);
    }
    try {
      await readAnswer(call.method, answer.body, handler);
    } catch (error) {
      await answer.discard();
      throw this.#told(call, error);
    }
    this.#keepCookies(answer);
  }

  #read<T>(call: SoapCall, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#told(call, error);
    }
  }

  #told({ method }: SoapCall, error: unknown): unknown {
    if (!(error instanceof XmlError)) return error;
    const { endpoint, origin } = this.#options;
    return new EndpointError(
      'protocol',
      endpoint,
      `${origin} answers ${method} with what is not understood: ${error.message}`,
      error,
    );
  }

  /** Whatever the server calls its cookie. */
  #keepCookies({ cookies }: HttpAnswer): void {
    for (const cookie of cookies) {
      const [pair = ''] = cookie.split(';', 1);
      const equals = pair.indexOf('=');
      if (equals > 0) this.#cookies.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
    }
  }
}

/** A fault comes with status 500 and XML; a proxy's page or an overloaded server's does not. */
const isFault = (answer: HttpAnswer): boolean =>
  answer.status === 500 && /xml/.test(answer.header('content-type') ?? '');

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
