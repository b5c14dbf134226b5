import { connect as connectPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { turnOfLoop } from '../../runtime/clock.ts';

/** A connection to a receiver of frames, which says nothing itself. */
export interface Connection {
  /**
   * Resolves when the kernel has all the bytes. Rejects with the system's error where the receiver has closed or reset
   * the connection, as far as that is known, or with the signal's reason.
   */
  send(bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Sends what is buffered and closes. Safe to call twice. */
  close(): Promise<void>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** An end that the receiver announced: it reads no more, although the kernel would still take bytes. */
class ClosedByReceiver extends Error {
  override readonly name = 'ClosedByReceiver';
  readonly code = 'ECONNRESET';
}

/** Time for the last bytes and the goodbye. */
const CLOSE_MS = 2000;

/** Connects, with TLS if options are given. Rejects with the system's error or the signal's reason. */
export async function openConnection(
  { host, port }: Address,
  tls: ConnectionOptions | null,
  signal: AbortSignal,
): Promise<Connection> {
  const socket: Socket = tls === null ? connectPlain({ host, port }) : connectTls({ host, port, ...tls });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  await settled(socket, signal, (done) => socket.once(tls === null ? 'connect' : 'secureConnect', () => done()));
  return connectionOf(socket);
}

/** A receiver that vanished shows after this and the kernel's probes. */
const KEEP_ALIVE_MS = 30_000;

function connectionOf(socket: Socket): Connection {
  let broken: Error | null = null;
  // Receivers send nothing: reading is how their end of the connection shows.
  socket.resume();
  socket.on('end', () => {
    broken ??= new ClosedByReceiver('the receiver closed the connection');
  });
  socket.on('error', (error) => {
    broken ??= error;
  });
  socket.on('close', () => {
    broken ??= new ClosedByReceiver('the connection is closed');
  });
  return {
    async send(bytes, signal) {
      // A close that has arrived but was not read yet shows in the next whole turn of the event loop.
      await turnOfLoop();
      await turnOfLoop();
      if (broken) throw broken;
      // The callback comes when the kernel has the bytes, so no more than these wait in the process.
      await settled(socket, signal, (done) => socket.write(bytes, done));
      if (broken) throw broken;
    },
    close: () => closed(socket),
  };
}

/** Settles as `done` is called; rejects, and gives the socket up, on its error, its close or the signal. */
function settled(
  socket: Socket,
  signal: AbortSignal,
  begin: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: unknown) => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail).off('close', end);
      if (error === undefined) return resolve();
      socket.on('error', ignored).destroy();
      reject(error);
    };
    const fail = (error: Error) => finish(error);
    const end = () => finish(new ClosedByReceiver('the connection is closed'));
    const abort = () => finish(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', fail).on('close', end);
    begin((error) => finish(error ?? undefined));
  });
}

/** What a socket says after it was given up: nobody waits for it, and unheard it would end the process. */
const ignored = (): void => undefined;

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.once('close', () => resolve());
    socket.setTimeout(CLOSE_MS, () => socket.destroy());
    socket.destroySoon();
  });
}
