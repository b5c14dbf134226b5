import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';

/** A request as it arrived, its body unpacked. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Answers a request, or does not. */
export type Respond = (seen: Seen, response: ServerResponse) => void;

/** A real server on loopback that does as it is told; it keeps what it was sent. */
export async function aServer(respond: Respond = (_, response) => response.end(), tls?: TlsOptions, port = 0) {
  const seen: Seen[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const { method = '', url = '', headers } = request;
    seen.push({ method, path: url, headers, body });
    respond({ method, path: url, headers, body }, response);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  // A refused handshake is the client's to tell.
  server.on('tlsClientError', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${bound}`,
    port: bound,
    seen,
    /** Every connection over TLS, when its handshake is done. */
    onSecure: (see: (socket: TLSSocket) => void) => void server.on('secureConnection', see),
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A responder that answers with the statuses in turn, then with 200. */
export function statuses(...list: readonly number[]): Respond {
  const left = [...list];
  return (_, response) => {
    response.statusCode = left.shift() ?? 200;
    response.end(response.statusCode === 200 ? '' : 'as told');
  };
}
