import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that can break. Everything is decided where bytes pass, so that a test says exactly when. */
export interface Detour {
  readonly port: number;
  /** Connections of clients that are open. */
  open(): number;
  /** Where new connections lead to. */
  target: number;
  /** Breaks all connections after so many more bytes from the client, or to it; then `cut` is called, once. */
  cutAfter(bytes: number, side: Side, cut: () => void): void;
  /** Connections that are open now pass nothing any more, and stay open. */
  fallSilent(): void;
  /** Called with what the client sends, before the server has it. */
  onRequest: (bytes: Buffer) => void;
  close(): void;
}

export type Side = 'request' | 'reply';

/** On a free port of loopback. */
export async function openDetour(target: number): Promise<Detour> {
  const sockets = new Set<Socket>();
  let silent = new WeakSet<Socket>();
  let fuse: { left: number; readonly side: Side; readonly cut: () => void } | null = null;

  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
    const { cut } = fuse ?? { cut: () => undefined };
    fuse = null;
    cut();
  };
  const pass = (from: Socket, to: Socket, side: Side, bytes: Buffer): void => {
    if (silent.has(from)) return;
    if (side === 'request') detour.onRequest(bytes);
    if (fuse === null || fuse.side !== side || fuse.left > bytes.length) {
      if (fuse?.side === side) fuse.left -= bytes.length;
      if (!to.destroyed) to.write(bytes);
      return;
    }
    // What came before the cut arrives: only then is the connection gone.
    to.write(bytes.subarray(0, fuse.left), breakAll);
  };
  const server = createServer((client) => {
    const upstream = connect(detour.target, '127.0.0.1');
    const both = [client, upstream] as const;
    for (const [socket, other] of [both, [upstream, client] as const]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('data', (bytes: Buffer) => pass(socket, other, socket === client ? 'request' : 'reply', bytes));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const detour: Detour = {
    port: (server.address() as AddressInfo).port,
    target,
    open: () => sockets.size / 2,
    cutAfter: (bytes, side, cut) => {
      fuse = { left: Math.max(1, bytes), side, cut };
    },
    fallSilent: () => {
      silent = new WeakSet(sockets);
    },
    onRequest: () => undefined,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return detour;
}

/** Sends these bytes by a connection of their own; resolves to all that is answered, when the server has read them all. */
export function sendRaw(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const answers: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      socket.write('QUIT\r\n');
    });
    socket.on('data', (answer: Buffer) => answers.push(answer));
    socket.once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(answers)));
  });
}
