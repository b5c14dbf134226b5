import type { HttpAnswer, HttpClient } from '../http-client.ts';
import type { HttpTap, TappedAnswer } from '../http-tap.ts';

/** An answer as whoever asked is to see it: opened, if it was sealed. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

/**
 * Brings a message to the service in the name of the user, by whatever means it takes, and brings the answer back: one
 * at a time. Rejects with an EndpointError; `refused` when the user is not taken. The answer's body must be read to its
 * end or discarded before the next message.
 */
export interface Carrier {
  send(message: string, signal: AbortSignal): Promise<Reply>;
}

export interface CarrierOptions {
  readonly endpoint: string;
  readonly origin: string;
  readonly path: string;
  readonly http: HttpClient;
  /** Of one answer, unpacked. */
  readonly maxBytes: number;
}

const SOAP_TYPE = 'application/soap+xml;charset=UTF-8';

export const post = (
  { http, path, maxBytes }: CarrierOptions,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpAnswer> =>
  http.request({
    method: 'POST',
    path,
    headers: { 'content-type': SOAP_TYPE, 'accept-encoding': 'identity', ...headers },
    body,
    maxBytes,
    signal,
  });

export const replyOf = (answer: HttpAnswer): Reply => ({
  status: answer.status,
  contentType: answer.header('content-type') ?? '',
  body: answer.body,
  discard: () => answer.discard(),
});

/** The same carrier, of which is told what it brings and fetches, before it is sealed and after it was opened: no logins. */
export const tappedCarrier = (
  carrier: Carrier,
  tap: HttpTap,
  { origin, path }: Pick<CarrierOptions, 'origin' | 'path'>,
): Carrier => ({
  send: async (message, signal) => {
    const tapped = tap({ origin, method: 'POST', path, body: message });
    try {
      const reply = await carrier.send(message, signal);
      tapped.head(reply.status, { 'content-type': reply.contentType });
      return {
        ...reply,
        body: tappedBody(reply.body, tapped),
        discard: async () => {
          tapped.end(false);
          await reply.discard();
        },
      };
    } catch (error) {
      tapped.end(false);
      throw error;
    }
  },
});

async function* tappedBody(body: AsyncIterable<Uint8Array>, tapped: TappedAnswer): AsyncGenerator<Uint8Array> {
  let whole = false;
  try {
    for await (const piece of body) {
      tapped.bytes(piece);
      yield piece;
    }
    whole = true;
  } finally {
    tapped.end(whole);
  }
}
