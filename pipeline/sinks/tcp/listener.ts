import { createServer, isIPv6, type Socket } from 'node:net';
import { readMessage } from '../message-decoder.ts';
import { MsgpackError } from '../msgpack-reader.ts';
import type { Fault, ListenOptions, Received } from '../received.ts';
import { createFrameReader } from './frame.ts';

export interface TcpListener {
  readonly port: number;
  /** Ends all connections. Safe to call twice. */
  close(): Promise<void>;
}

/** Several times what any sample has; a length beyond this is no frame of ours but another protocol. */
const MAX_FRAME_BYTES = 4_194_304;
const MAX_CONNECTIONS = 256;

/**
 * Receives Ceilometer's TCP samples, whoever sends them. Nothing that arrives ends it: a message that is none goes to
 * `onFault`, and so does a stream that lost its frames, whose connection is closed. Rejects with the system's error
 * where the address cannot be had.
 */
export async function listenTcp(
  options: ListenOptions,
  onMessage: (received: Received) => void,
  onFault: (fault: Fault) => void,
): Promise<TcpListener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    receive(socket, options.secret, onMessage, onFault);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => onFault({ error, bytes: 0, from: null }));
  const address = server.address();
  let closed: Promise<void> | undefined;
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closed;
    },
  };
}

function receive(
  socket: Socket,
  secret: string | undefined,
  onMessage: (received: Received) => void,
  onFault: (fault: Fault) => void,
): void {
  const frames = createFrameReader(MAX_FRAME_BYTES);
  const { remoteAddress = '', remotePort = 0 } = socket;
  const from = isIPv6(remoteAddress) ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
  const fault = (error: Error, bytes: number): void => onFault({ error, bytes, from });

  const take = (message: Buffer): void => {
    const read = tried(() => readMessage(message, secret));
    if (read instanceof MsgpackError) fault(read, message.length);
    else onMessage({ ...read, bytes: message.length, from });
  };
  socket.on('data', (piece) => {
    const messages = tried(() => frames.take(piece));
    if (!(messages instanceof MsgpackError)) return messages.forEach(take);
    fault(messages, piece.length);
    socket.destroy();
  });
  socket.on('end', () => {
    const cut = frames.pending();
    if (cut > 0) fault(new MsgpackError(`the stream ended within a frame, ${cut} bytes of which came`), cut);
  });
  socket.on('error', (error) => fault(error, 0));
}

function tried<Result>(read: () => Result): Result | MsgpackError {
  try {
    return read();
  } catch (error) {
    if (error instanceof MsgpackError) return error;
    throw error;
  }
}
