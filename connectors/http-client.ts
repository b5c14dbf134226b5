import { createGunzip } from 'node:zlib';
import { type Dispatcher, Pool } from 'undici';
import { EndpointError } from './connector.ts';
import { trackOpening } from './http-opening.ts';
import type { HttpTap, TappedAnswer } from './http-tap.ts';
import { type ClientCertificate, type HttpTls, httpConnector, ThumbprintError } from './http-tls.ts';

/** One request. `path` with its query; `signal` ends it, the answer's body included. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** An answer that is longer, unpacked, is given up with an EndpointError `protocol`. */
  readonly maxBytes: number;
  /** How long the answer, and each piece of it, may take to come, if that is longer than usual. */
  readonly silenceMs?: number;
  readonly signal: AbortSignal;
}

/** An answer whose body has yet to be read. Who does not want the body calls `discard`. */
export interface HttpAnswer {
  readonly status: number;
  /** A header's value by its name in lower case; several are joined by a comma. */
  header(name: string): string | undefined;
  /** Every Set-Cookie of the answer. */
  readonly cookies: readonly string[];
  /** The body, unpacked, as it comes. Rejects with an EndpointError, or with the signal's reason. */
  readonly body: AsyncIterable<Buffer>;
  /** The whole body as UTF-8. */
  text(): Promise<string>;
  discard(): Promise<void>;
}

/** Keeps a few connections to one server alive. */
export interface HttpClient {
  /** Rejects with an EndpointError where there is no answer, with the signal's reason when it aborts. Any status is an answer. */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Of the connection that was opened last, the server's certificate in DER; null without TLS. */
  serverCertificate(): Buffer | null;
  /** Lets go of all connections, also of requests in flight. Safe to call twice. */
  close(): Promise<void>;
}

export interface HttpOptions {
  /** The endpoint's name, which errors bear. */
  readonly endpoint: string;
  /** `https://host:port`, or `http://` where that is meant. */
  readonly origin: string;
  readonly tls: HttpTls;
  /** Requests at once. */
  readonly connections: number;
  /** For opening a connection, and between two pieces of an answer; the request's signal is to end it before. */
  readonly timeoutMs: number;
  /** Looks on. */
  readonly tap?: HttpTap | undefined;
  /** How long a connection that nobody uses is kept; default 4 s. */
  readonly keepAliveMs?: number;
  /** What to show a server that asks who it is. */
  readonly certificate?: ClientCertificate | undefined;
  /** `serverCertificate` is wanted: no TLS session is resumed then, which would not show it. */
  readonly bindsToServer?: boolean;
}

/** Opens nothing yet but the files of CA and certificate, for which it rejects with an EndpointError. */
export async function createHttpClient(options: HttpOptions): Promise<HttpClient> {
  const { endpoint, origin, tls, connections, timeoutMs, keepAliveMs, certificate, bindsToServer, tap } = options;
  let server: Buffer | null = null;
  const onServer = (shown: Buffer | null): void => {
    server = shown;
  };
  const watched = bindsToServer === true ? onServer : undefined;
  const opening = trackOpening(await httpConnector(endpoint, tls, timeoutMs, certificate, watched));
  const pool = new Pool(origin, {
    connections,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    ...(keepAliveMs !== undefined && { keepAliveTimeout: keepAliveMs }),
    connect: opening.connect,
  });
  return {
    async request({ maxBytes, silenceMs = 0, ...request }) {
      const { signal } = request;
      signal.throwIfAborted();
      const given = {
        ...request,
        ...(silenceMs > timeoutMs && { headersTimeout: silenceMs, bodyTimeout: silenceMs }),
        headers: { 'user-agent': 'hypermeter', 'accept-encoding': 'gzip', ...request.headers },
        body: request.body ?? null,
      };
      const { method, path, body } = given;
      const tapped = tap?.({ origin, method, path, body });
      try {
        return answerOf(await pool.request(given), options, maxBytes, signal, tapped);
      } catch (error) {
        tapped?.end(false);
        throw failure(error, options, signal);
      }
    },
    serverCertificate: () => server,
    close: async () => {
      const destroyed = pool.destroy();
      opening.abandon();
      await destroyed;
    },
  };
}

function answerOf(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  options: HttpOptions,
  maxBytes: number,
  signal: AbortSignal,
  tapped: TappedAnswer | undefined,
): HttpAnswer {
  const { 'content-encoding': encoding, ...rest } = headers;
  tapped?.head(statusCode, rest);
  const read = readBody(body, encoding === 'gzip', options, maxBytes, signal);
  const chunks = tapped === undefined ? read : tappedBody(read, tapped);
  return {
    status: statusCode,
    header: (name) => textOf(headers[name]),
    cookies: [headers['set-cookie'] ?? []].flat(),
    body: chunks,
    text: async () => {
      const whole: Buffer[] = [];
      for await (const chunk of chunks) whole.push(chunk);
      return Buffer.concat(whole).toString('utf8');
    },
    discard: async () => {
      tapped?.end(false);
      // Nobody waits for what a body that is not wanted fails with.
      body.on('error', () => undefined).destroy();
    },
  };
}

async function* tappedBody(chunks: AsyncIterable<Buffer>, tapped: TappedAnswer): AsyncGenerator<Buffer> {
  let whole = false;
  try {
    for await (const chunk of chunks) {
      tapped.bytes(chunk);
      yield chunk;
    }
    whole = true;
  } finally {
    tapped.end(whole);
  }
}

const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;

async function* readBody(
  body: Dispatcher.ResponseData['body'],
  packed: boolean,
  options: HttpOptions,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of packed ? unpack(body) : body) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLong(options, maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw failure(error, options, signal);
  } finally {
    body.on('error', () => undefined).destroy();
  }
}

/** Gzip in pieces, so that what a few bytes unpack to is counted before it is kept. */
function unpack(body: Dispatcher.ResponseData['body']): AsyncIterable<Buffer> {
  const gunzip = createGunzip();
  body.on('error', (error) => gunzip.destroy(error));
  return body.pipe(gunzip);
}

const tooLong = ({ endpoint, origin }: HttpOptions, maxBytes: number): EndpointError =>
  new EndpointError(
    'protocol',
    endpoint,
    `${origin} answers with more than ${maxBytes} bytes: the answer was given up`,
  );

const UNKNOWN_CA =
  'its certificate is signed by nobody that is known here: name the CA in tls.caFile, or its certificate in tls.thumbprint';
const CUT = 'the connection was cut';
const NO_TLS = 'it speaks no TLS: is it an http:// address?';

/** What went wrong and what to do about it, by the codes that happen; else the system's own words must do. */
const REMEDIES: Readonly<
  Record<string, readonly ['unreachable' | 'refused' | 'timeout' | 'lost' | 'protocol', string]>
> = {
  ECONNREFUSED: ['unreachable', 'nobody listens there: start it, or check the port'],
  ENOTFOUND: ['unreachable', 'no such host: check the name and the DNS'],
  EAI_AGAIN: ['unreachable', 'the DNS does not answer: check it'],
  EHOSTUNREACH: ['unreachable', 'there is no way there: check the network'],
  ENETUNREACH: ['unreachable', 'there is no way there: check the network'],
  ECONNRESET: ['lost', CUT],
  EPIPE: ['lost', CUT],
  UND_ERR_SOCKET: ['lost', CUT],
  UND_ERR_DESTROYED: ['lost', 'the session is closed'],
  UND_ERR_CLOSED: ['lost', 'the session is closed'],
  UND_ERR_CONNECT_TIMEOUT: ['unreachable', 'no connection in time: check the address and the firewall'],
  UND_ERR_HEADERS_TIMEOUT: ['timeout', 'no answer in time'],
  UND_ERR_BODY_TIMEOUT: ['timeout', 'the answer stopped coming'],
  UND_ERR_HEADERS_OVERFLOW: ['protocol', 'its headers are too long'],
  EPROTO: ['refused', NO_TLS],
  ERR_SSL_WRONG_VERSION_NUMBER: ['refused', NO_TLS],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['refused', NO_TLS],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['refused', UNKNOWN_CA],
  SELF_SIGNED_CERT_IN_CHAIN: ['refused', UNKNOWN_CA],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['refused', UNKNOWN_CA],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['refused', UNKNOWN_CA],
  ERR_TLS_CERT_ALTNAME_INVALID: ['refused', 'its certificate is for another name: use that name in the url'],
  CERT_HAS_EXPIRED: ['refused', 'its certificate has expired: renew it, or set the clock'],
  Z_DATA_ERROR: ['protocol', 'the answer is no gzip, though it says so'],
  Z_BUF_ERROR: ['protocol', 'the packed answer ends too early'],
};

/** What a request failed with as its caller is to see it: the signal's reason, or an EndpointError with a remedy. */
function failure(error: unknown, { endpoint, origin }: HttpOptions, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof EndpointError) return error;
  const { name, code = '', message = String(error) } = error as NodeJS.ErrnoException;
  if (error instanceof ThumbprintError)
    return new EndpointError(
      'refused',
      endpoint,
      `${origin}: ${message}, not the one of tls.thumbprint: if that is the right machine, write the new one there`,
      error,
    );
  const [kind, remedy] = REMEDIES[code] ?? ['lost', message || code];
  if (name === 'HTTPParserError')
    return new EndpointError('protocol', endpoint, `${origin}: what answers is no HTTP server: check the port`, error);
  return new EndpointError(kind, endpoint, `${origin}: ${remedy}`, error);
}
