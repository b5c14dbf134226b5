import type { Clock } from '../../pipeline/runtime/clock.ts';
import { EndpointError } from '../connector.ts';
import type { HttpAnswer } from '../http-client.ts';
import { type Carrier, type CarrierOptions, post, type Reply, replyOf } from './carrier.ts';
import { NtlmError } from './ntlm/messages.ts';
import { authenticate, chanceAt, type NtlmUser, negotiateMessage } from './ntlm/ntlm.ts';
import { clientSealing, type Sealing } from './ntlm/seal.ts';
import { decodeSealed, encodeSealed, isSealed, SEALED_TYPE } from './sealed-body.ts';

export interface NegotiateOptions extends CarrierOptions {
  readonly clock: Clock;
  readonly user: NtlmUser;
  /** Over plain HTTP messages are sealed; TLS does that by itself. */
  readonly seals: boolean;
}

const CREDENTIALS =
  'check username and password; the account may be locked, or not allowed to log on over the network, or over TLS ' +
  'the service may demand channel bindings (CbtHardeningLevel Strict), which are not given';
const SCHEMES = 'the service must allow Negotiate (winrm get winrm/config/service/auth)';

/**
 * Logs in with NTLM, by two more requests whose bodies are empty. Who is logged in is the connection: `http` must have
 * one only, and when it is another one the server knows nobody (401), so that the login is made again, once.
 */
export function negotiateCarrier(options: NegotiateOptions): Carrier {
  let sealing: Sealing | undefined;
  return {
    send: async (message, signal) => {
      for (let attempt = 1; ; attempt++) {
        const isFresh = sealing === undefined;
        sealing ??= await login(options, signal);
        try {
          const reply = await exchange(options, sealing, message, signal);
          if (reply !== undefined) return reply;
        } catch (error) {
          sealing = undefined;
          throw error;
        }
        sealing = undefined;
        if (isFresh || attempt === 2) throw refused(options, CREDENTIALS);
      }
    },
  };
}

/** Undefined: the server does not know the connection. */
async function exchange(
  options: NegotiateOptions,
  sealing: Sealing,
  message: string,
  signal: AbortSignal,
): Promise<Reply | undefined> {
  if (!options.seals) {
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
async function opened(options: NegotiateOptions, sealing: Sealing, answer: HttpAnswer): Promise<Reply> {
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

/** The two messages of ours; the server's answer to the second comes with that to the first message proper. */
async function login(options: NegotiateOptions, signal: AbortSignal): Promise<Sealing> {
  const negotiate = negotiateMessage();
  const first = await empty(options, negotiate, signal);
  const token = tokenOf(first);
  if (first.status !== 401 || token === undefined) throw refused(options, SCHEMES);
  const { clock, user } = options;
  const { message, sessionKey } = understood(options, () =>
    authenticate(negotiate, token, user, chanceAt(clock.now())),
  );
  const second = await empty(options, message, signal);
  if (second.status === 401) throw refused(options, CREDENTIALS);
  return clientSealing(sessionKey);
}

/** Its answer is read to its end: a connection that is dropped is a login that is lost. */
async function empty(options: NegotiateOptions, token: Buffer, signal: AbortSignal): Promise<HttpAnswer> {
  const authorization = `Negotiate ${token.toString('base64')}`;
  const answer = await post({ ...options, maxBytes: 65_536 }, '', { authorization }, signal);
  await answer.text();
  return answer;
}

function tokenOf(answer: HttpAnswer): Buffer | undefined {
  const [, text] = /(?:^|,)\s*Negotiate\s+([A-Za-z0-9+/]+={0,2})/i.exec(answer.header('www-authenticate') ?? '') ?? [];
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}

function understood<T>({ endpoint, origin }: NegotiateOptions, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NtlmError)) throw error;
    throw new EndpointError('protocol', endpoint, `${origin} does not log in as it should: ${error.message}`, error);
  }
}

const refused = ({ endpoint, origin }: NegotiateOptions, remedy: string): EndpointError =>
  new EndpointError('refused', endpoint, `${origin} does not take the user: ${remedy}`);
