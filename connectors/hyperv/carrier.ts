import type { HttpAnswer, HttpClient } from '../http-client.ts';

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

export const SOAP_TYPE = 'application/soap+xml;charset=UTF-8';

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
