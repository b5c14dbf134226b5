import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { ListenAddress } from './config/address.ts';

/** Answers GET of one path. */
export type Route = (request: IncomingMessage) => Promise<Answer | Stream> | Answer | Stream;

/** What is sent whole. */
export interface Answer {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What goes on: `open` is given the response once its head is written, and ends it. */
export interface Stream {
  readonly type: string;
  open(response: ServerResponse): void;
}

export interface OpsOptions {
  readonly listen: ListenAddress;
  /** What to do where it cannot be had. */
  readonly remedy?: string;
  readonly registry: Registry;
  /** Why the program is not ready; empty when it is. */
  readonly reasons: () => readonly string[];
  /** More pages by path, such as `/status.json`. */
  readonly routes?: Readonly<Record<string, Route>>;
}

export interface OpsServer {
  readonly port: number;
  /** Ends every connection. Safe to call twice. */
  close(): Promise<void>;
}

/** The operator's port cannot be opened. The message says what to do. */
export class OpsError extends Error {
  override readonly name = 'OpsError';
}

const text = (body: string, status = 200): Answer => ({ status, type: 'text/plain; charset=utf-8', body });

/** Serves `/healthz`, `/readyz` and `/metrics` to operators. Rejects with an OpsError if it cannot listen. */
export async function startOps(options: OpsOptions): Promise<OpsServer> {
  const routes: Readonly<Record<string, Route>> = {
    '/healthz': () => text('ok\n'),
    '/readyz': () => ready(options.reasons()),
    '/metrics': async () => ({ type: options.registry.contentType, body: await options.registry.metrics() }),
    ...options.routes,
  };
  const index = text(`Hypermeter\n\n${['/', ...Object.keys(routes)].sort().join('\n')}\n`);
  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 5_000, headersTimeout: 5_000 });
  server.maxConnections = 100;
  server.on('request', (request, response) => {
    void answer({ '/': () => index, ...routes }, request, response);
  });
  await listen(server, options.listen, options.remedy ?? 'choose another address for ops.listen, or off');
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

function ready(reasons: readonly string[]): Answer {
  const body = `${JSON.stringify({ ready: reasons.length === 0, reasons })}\n`;
  return { status: reasons.length === 0 ? 200 : 503, type: 'application/json', body };
}

async function answer(routes: Readonly<Record<string, Route>>, request: IncomingMessage, response: ServerResponse) {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  const reply = await respond(route, request);
  if ('open' in reply) {
    response.writeHead(200, { 'content-type': reply.type, ...GUARDS });
    if (request.method === 'HEAD') response.end();
    else reply.open(response);
    return;
  }
  if (reply.status === 405) response.setHeader('allow', 'GET, HEAD');
  response.writeHead(reply.status ?? 200, {
    'content-type': reply.type,
    'content-length': Buffer.byteLength(reply.body),
    ...GUARDS,
    ...reply.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : reply.body);
}

/** Nothing is kept by browsers, taken for what it is not, framed, or allowed more than it needs. */
const GUARDS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

async function respond(route: Route | undefined, request: IncomingMessage): Promise<Answer | Stream> {
  if (route === undefined) return text('there is nothing here; see /\n', 404);
  if (request.method !== 'GET' && request.method !== 'HEAD') return text('only GET and HEAD\n', 405);
  try {
    return await route(request);
  } catch (error) {
    return text(`${error instanceof Error ? error.message : String(error)}\n`, 500);
  }
}

function listen(server: Server, { host, port }: ListenAddress, remedy: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(whyNot(error, `${host}:${port}`, remedy)));
    server.listen(port, host, resolve);
  });
}

function whyNot(error: NodeJS.ErrnoException, where: string, remedy: string): OpsError {
  const reason = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
  return new OpsError(`cannot listen on ${where}: ${reason}; ${remedy}`, { cause: error });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // An error here means that it is closed already.
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
