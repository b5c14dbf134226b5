import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../../runtime/clock.ts';
import { DeadlineError, within } from '../../runtime/deadline.ts';
import { SinkError } from '../sink.ts';
import { readTlsFiles } from '../tls-files.ts';
import { type Endpoint, shownUrl } from './endpoint.ts';

/** What a server answered, as much of it as is read. */
export interface Answer {
  readonly status: number;
  /** A header's value by its name in lower case. */
  header(name: string): string | undefined;
  readonly body: Buffer;
}

/** Posts to one address, one request at a time. */
export interface Client {
  /** Rejects with a SinkError where there is no answer, with the signal's reason when it aborts. */
  post(body: Uint8Array, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

/** Nothing that a receiver has to say is longer; what is left out is not read. */
const MAX_BODY_BYTES = 65_536;

/**
 * A client that connects with the first request, and anew after one that had no answer or after which the server hung
 * up, as over a certificate: those that were renewed meanwhile are read then. `sink`: the name that errors bear.
 */
export function createClient(sink: string, endpoint: Endpoint, clock: Clock): Client {
  const { pathname, search } = new URL(endpoint.url);
  const fixed = { 'user-agent': 'hypermeter', ...endpoint.headers, ...authorization(endpoint) };
  const timeoutMs = endpoint.timeout / 1000;
  let pool: Pool | undefined;

  async function opened(): Promise<Pool> {
    pool ??= await openPool(sink, endpoint, timeoutMs);
    return pool;
  }

  async function close(): Promise<void> {
    const present = pool;
    pool = undefined;
    await present?.destroy();
  }

  return {
    async post(body, headers, signal) {
      const to = await opened();
      const options = {
        path: `${pathname}${search}`,
        method: 'POST',
        headers: { ...fixed, ...headers },
        body,
      } as const;
      const exchange = async (over: AbortSignal): Promise<Answer> => {
        const { statusCode, headers, body } = await to.request({ ...options, signal: over });
        return { status: statusCode, header: (name) => textOf(headers[name]), body: await beginningOf(body) };
      };
      try {
        const answer = await within(clock, timeoutMs, 'the request', exchange, signal);
        if (answer.header('connection')?.toLowerCase() === 'close') await close();
        return answer;
      } catch (error) {
        await close();
        if (signal.aborted) throw error;
        throw new SinkError(sink, `cannot post to ${shownUrl(endpoint.url)}: ${remedy(error, endpoint)}`, error);
      }
    },
    close,
  };
}

const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;

/** What a body begins with; the connection of a longer one is given up. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop destroys the stream.
    if (bytes >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES);
}

async function openPool(sink: string, { url, tls }: Endpoint, timeoutMs: number): Promise<Pool> {
  const files = await readTlsFiles(sink, tls);
  return new Pool(new URL(url).origin, {
    connections: 1,
    // The deadline of a request is ours alone; these are only to end after it.
    headersTimeout: timeoutMs * 2,
    bodyTimeout: timeoutMs * 2,
    connect: { timeout: timeoutMs * 2, rejectUnauthorized: tls.verify, ...files },
  });
}

function authorization({ auth }: Endpoint): Readonly<Record<string, string>> {
  if (auth?.bearerToken !== undefined) return { authorization: `Bearer ${auth.bearerToken}` };
  if (auth?.username === undefined) return {};
  const credentials = Buffer.from(`${auth.username}:${auth.password}`, 'utf8').toString('base64');
  return { authorization: `Basic ${credentials}` };
}

const UNKNOWN_CA = 'its certificate is signed by nobody that is known here: name the CA in tls.caFile';
const CUT = 'the connection was cut: https:// where it wants TLS, tls.certFile where it wants a client certificate';
const NO_HTTP = 'what answers is no HTTP server: check the port';
/** What to do about the errors that happen; else the system's own words must do. */
const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there: start it, or check the port',
  ENOTFOUND: 'no such host: check the name and the DNS',
  EAI_AGAIN: 'the DNS does not answer: check it',
  EHOSTUNREACH: 'there is no way there: check the network',
  ENETUNREACH: 'there is no way there: check the network',
  ECONNRESET: CUT,
  UND_ERR_SOCKET: CUT,
  EPROTO: 'it speaks no TLS that is known here: is it an http:// address?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS: is it an http:// address?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it speaks no TLS: is it an http:// address?',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: use that name in the url',
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it, or set the clock',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a client certificate: tls.certFile and tls.keyFile',
};

function remedy(error: unknown, endpoint: Endpoint): string {
  if (error instanceof DeadlineError)
    return `no answer within ${endpoint.timeout / 1_000_000} s: check the server, or raise timeout`;
  const { name, code = '', message = String(error) } = error as NodeJS.ErrnoException;
  return REMEDIES[code] ?? (name === 'HTTPParserError' ? NO_HTTP : message || code);
}
