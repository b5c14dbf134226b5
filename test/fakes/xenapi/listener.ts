import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** PEM. */
export interface Certificate {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

/** The HTTP server of one host, which can be taken down and up again at the same address. */
export class Listener {
  readonly address: string;
  port = 0;
  readonly sockets = new Set<Socket>();
  #closedBytes = 0;
  readonly #listener: RequestListener;
  readonly #tls: Certificate | undefined;
  #server: Server | undefined;

  constructor(
    address: string,
    tls: Certificate | undefined,
    serve: (from: IncomingMessage, to: ServerResponse) => void,
  ) {
    this.address = address;
    this.#tls = tls;
    this.#listener = serve;
  }

  /** Bytes that it has sent, TLS included. */
  get bytes(): number {
    return [...this.sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, this.#closedBytes);
  }

  async up(port: number): Promise<void> {
    const server = this.#tls ? createTlsServer(this.#tls, this.#listener) : createServer(this.#listener);
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.#closedBytes += socket.bytesWritten;
      });
    });
    server.on('clientError', (_, socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, this.address, () => resolve());
    });
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.disconnect();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  disconnect(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Tries until one port is free at every address. */
export async function allUp(listeners: readonly Listener[], port: number, tries = 5): Promise<void> {
  const [first, ...others] = listeners;
  if (!first) return;
  try {
    await first.up(port);
    for (const other of others) await other.up(first.port);
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.down()));
    if (port !== 0 || tries === 1) throw error;
    await allUp(listeners, port, tries - 1);
  }
}
