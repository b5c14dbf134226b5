import { readFile } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Clock } from '../../runtime/clock.ts';
import { DeadlineError, orAborted, within } from '../../runtime/deadline.ts';
import { SinkError } from '../sink.ts';
import type { TcpConfig } from './tcp.ts';

/** A connection to the receiver that is made when it is needed. Errors are SinkErrors. */
export interface Client {
  /** Connects, unless it is connected. */
  open(signal: AbortSignal): Promise<void>;
  /** Resolves when the kernel has the bytes; the receiver says nothing of having them. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there: start the receiver, or check host and port',
  ENOTFOUND: 'no such host: check the name and the DNS',
  EAI_AGAIN: 'the DNS does not answer: check it',
  ECONNRESET: 'the receiver cut the connection: see its log; one that wants TLS needs tls',
  EPIPE: 'the receiver cut the connection: see its log',
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by nobody known here: set tls.caFile to the receiver's CA",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by nobody known here: set tls.caFile to the receiver's CA",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is signed by nobody known here: set tls.caFile to the receiver's CA",
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: set tls.serverName',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS: leave tls out',
};

export function createClient(sink: string, config: TcpConfig, clock: Clock): Client {
  const timeoutMs = config.timeout / 1000;
  const where = `${config.host}:${config.port}`;
  let current: Socket | undefined;

  const failed = (error: unknown): SinkError => {
    current?.destroy();
    current = undefined;
    if (error instanceof SinkError) return error;
    const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
    const reason = error instanceof DeadlineError ? `${message}: the receiver reads too slowly or not at all` : message;
    return new SinkError(sink, `${where}: ${REMEDIES[code] ?? reason}`, error);
  };

  async function connected(signal: AbortSignal): Promise<Socket> {
    if (current?.writable) return current;
    current?.destroy();
    const tls = await tlsOptions(sink, config);
    const socket = await within(clock, timeoutMs, 'connecting', (over) => opened(config, tls, over), signal);
    socket.setNoDelay(true);
    // What comes after the writing of it is told by the next one.
    socket.on('error', () => socket.destroy());
    // Nothing is expected from it, but unread it would never say that the receiver has gone.
    socket.resume();
    current = socket;
    return socket;
  }

  return {
    async open(signal) {
      try {
        await connected(signal);
      } catch (error) {
        signal.throwIfAborted();
        throw failed(error);
      }
    },
    async write(bytes, signal) {
      try {
        const socket = await connected(signal);
        await within(clock, timeoutMs, 'writing', () => written(socket, bytes), signal);
      } catch (error) {
        signal.throwIfAborted();
        throw failed(error);
      }
    },
    async close() {
      const socket = current;
      current = undefined;
      if (!socket || socket.destroyed) return;
      const ended = new Promise<void>((resolve) => socket.end(resolve));
      await within(clock, 1000, 'closing', () => ended).catch(() => undefined);
      socket.destroy();
    },
  };
}

function opened(config: TcpConfig, tls: ConnectionOptions | null, signal: AbortSignal): Promise<Socket> {
  const { host, port } = config;
  const socket = tls === null ? connectTcp({ host, port }) : connectTls({ host, port, ...tls });
  const up = new Promise<Socket>((resolve, reject) => {
    socket.once(tls === null ? 'connect' : 'secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });
  return orAborted(up, signal).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
}

/** Rejects also where the connection breaks before, which a callback of a write does not always tell. */
const written = (socket: Socket, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    const broken = (): void => reject(Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' }));
    socket.once('close', broken);
    socket.write(bytes, (error) => {
      socket.removeListener('close', broken);
      if (error) reject(error);
      else resolve();
    });
  });

async function tlsOptions(sink: string, { tls, host }: TcpConfig): Promise<ConnectionOptions | null> {
  if (tls === false) return null;
  if (tls === true) return { servername: host };
  const read = async (what: 'caFile' | 'certFile' | 'keyFile') => {
    const path = tls[what];
    if (path === undefined) return undefined;
    return await readFile(path).catch((error: unknown) => {
      throw new SinkError(sink, `cannot read tls.${what} ${path}: check its path and permissions`, error);
    });
  };
  const [ca, cert, key] = [await read('caFile'), await read('certFile'), await read('keyFile')];
  return {
    servername: tls.serverName ?? host,
    rejectUnauthorized: tls.verify,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
}
