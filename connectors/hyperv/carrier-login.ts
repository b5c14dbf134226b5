import { EndpointError } from '../connector.ts';
import type { HttpAnswer } from '../http-client.ts';
import { type Carrier, type CarrierOptions, post, type Reply, replyOf } from './carrier.ts';
import { NtlmError } from './ntlm/messages.ts';
import type { Sealing } from './ntlm/seal.ts';
import { decodeSealed, encodeSealed, isSealed, SEALED_TYPE } from './sealed-body.ts';

/** How a connection is made the user's. */
export interface LoginMethod {
  /** What to do if the user is not taken. */
  readonly remedy: string;
  /** How messages are sealed from then on; null: not at all. Rejects with an EndpointError. */
  login(signal: AbortSignal): Promise<Sealing | null>;
}

export interface LoginOptions extends CarrierOptions {
  readonly method: LoginMethod;
}

/**
 * Logs in by requests whose bodies are empty. Who is logged in is the connection: `http` must have one only, and when it
 * is another one the server knows nobody (401), so that the login is made again, once.
 */
export function loginCarrier(options: LoginOptions): Carrier {
  const { method } = options;
  let sealing: Sealing | null | undefined;
  return {
    send: async (message, signal) => {
      for (let attempt = 1; ; attempt++) {
        const isFresh = sealing === undefined;
        if (sealing === undefined) sealing = await method.login(signal);
        try {
          const reply = await exchange(options, sealing, message, signal);
          if (reply !== undefined) return reply;
        } catch (error) {
          sealing = undefined;
          throw error;
        }
        sealing = undefined;
        if (isFresh || attempt === 2) throw refused(options, method.remedy);
      }
    },
  };
}

/** Undefined: the server does not know the connection. */
async function exchange(
  options: LoginOptions,
  sealing: Sealing | null,
  message: string,
  signal: AbortSignal,
): Promise<Reply | undefined> {
  if (sealing === null) {
    const answer = await post(options, message, {}, signal);
    if (answer.status !== 401) return replyOf(answer);
    await answer.text();
    return undefined;
  }
  const body = encodeSealed(sealing, Buffer.from(message, 'utf8'));
  const answer = await post(options, body, { 'content-type': SEALED_TYPE }, signal);
  if (answer.status === 401) {
    await answer.text();
    return undefined;
  }
  return opened(options, sealing, answer);
}

/** Whole, since it is not known to be the server's before its end. */
async function opened(options: LoginOptions, sealing: Sealing, answer: HttpAnswer): Promise<Reply> {
  const contentType = answer.header('content-type') ?? '';
  // A proxy's or an overloaded server's own words are not sealed; what claims to be an answer must be.
  if (!isSealed(contentType)) {
    await answer.discard();
    if (answer.status >= 400 && !/soap/i.test(contentType))
      return { status: answer.status, contentType, body: nothing(), discard: async () => undefined };
    throw new EndpointError(
      'protocol',
      options.endpoint,
      `${options.origin} answers a sealed message with one that is not: it is not read`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  const body = understood(options, () => decodeSealed(sealing, Buffer.concat(chunks)));
  return {
    status: answer.status,
    contentType: 'application/soap+xml',
    body: once(body),
    discard: async () => undefined,
  };
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** A request that is a login's. Its answer is read to its end: a connection that is dropped is a login that is lost. */
export async function sendToken(
  options: CarrierOptions,
  scheme: string,
  token: Buffer,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly token: Buffer | undefined }> {
  const authorization = `${scheme} ${token.toString('base64')}`;
  const answer = await post({ ...options, maxBytes: 65_536 }, '', { authorization }, signal);
  await answer.text();
  return { status: answer.status, token: tokenOf(answer, scheme) };
}

function tokenOf(answer: HttpAnswer, scheme: string): Buffer | undefined {
  const form = new RegExp(`(?:^|,)\\s*${scheme}\\s+([A-Za-z0-9+/]+={0,2})`, 'i');
  const text = form.exec(answer.header('www-authenticate') ?? '')?.[1];
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}

/** What NTLM does not understand, as an EndpointError. */
export function understood<T>({ endpoint, origin }: CarrierOptions, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NtlmError)) throw error;
    throw misspoken({ endpoint, origin }, error.message, error);
  }
}

export const misspoken = (
  { endpoint, origin }: Pick<CarrierOptions, 'endpoint' | 'origin'>,
  why: string,
  cause?: unknown,
): EndpointError => new EndpointError('protocol', endpoint, `${origin} does not log in as it should: ${why}`, cause);

export const refused = ({ endpoint, origin }: CarrierOptions, remedy: string): EndpointError =>
  new EndpointError('refused', endpoint, `${origin} does not take the user: ${remedy}`);
