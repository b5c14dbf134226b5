import { redactUrls } from './config/redact.ts';

/** Where a process answers operators: its address without a password, and what goes with each request. */
export interface OpsBase {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** `host:port` or an http address as one that paths are added to; undefined if it is neither. */
export function opsAddress(text: string): URL | undefined {
  const address = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** User and password of an address go into a header (RFC 7617): fetch takes none in addresses. */
export function opsBase(address: URL): OpsBase {
  const url = new URL(address);
  const { username, password } = address;
  if (username === '' && password === '') return { url, headers: {} };
  url.username = '';
  url.password = '';
  const words = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url, headers: { authorization: `Basic ${Buffer.from(words).toString('base64')}` } };
}

/** An answer that is none of 2xx. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: number;
  constructor(path: string, status: number) {
    super(`${path} answers ${status}`);
    this.status = status;
  }
}

/** Asks for one path. Rejects with a StatusError where the answer is none of 2xx, and as fetch does. */
export async function ask({ url, headers }: OpsBase, path: string, signal: AbortSignal): Promise<Response> {
  const target = new URL(path, url);
  const response = await fetch(target, { headers, signal, redirect: 'error' });
  if (response.ok) return response;
  // Nobody reads what it says beside.
  await response.body?.cancel().catch(() => undefined);
  throw new StatusError(target.pathname, response.status);
}

/** The whole answer as text. Rejects as `ask` does, and where it is larger than `most` bytes. */
export async function askText(base: OpsBase, path: string, signal: AbortSignal, most: number): Promise<string> {
  const response = await ask(base, path, signal);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > most) throw new Error(`${new URL(path, base.url).pathname} is larger than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Why there was no answer, in words, without passwords. fetch hides it in the cause. */
export function whyNoAnswer(error: unknown): string {
  if (!(error instanceof Error)) return redactUrls(String(error));
  const { cause } = error;
  if (cause instanceof AggregateError) return whyNoAnswer(cause.errors[0]);
  const reason = cause instanceof Error ? cause : error;
  const code = 'code' in reason ? reason.code : undefined;
  if (code === 'ECONNREFUSED') return 'nobody listens there';
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'it closed the connection';
  return redactUrls(reason.message);
}
