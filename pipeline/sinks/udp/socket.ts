import { createSocket, type Socket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';

/** A UDP socket that is connected to one receiver: cheaper to send on, and it learns of a port that nobody has. */
export interface Outlet {
  readonly to: LookupAddress;
  /**
   * Hands the datagrams to the network and resolves when the kernel has them all, with those it refused. A refusal
   * that was meant for an earlier datagram (ICMP port unreachable) is told to `onRefused`, and its victim sent again.
   */
  send(datagrams: readonly Uint8Array[]): Promise<readonly Refused[]>;
  close(): Promise<void>;
}

export interface Refused {
  readonly datagram: Uint8Array;
  readonly error: NodeJS.ErrnoException;
}

/** Rejects with the system's error where there is no route to the address. */
export async function openOutlet(
  to: LookupAddress,
  port: number,
  sendBufferBytes: number,
  onRefused: (error: NodeJS.ErrnoException) => void,
): Promise<Outlet> {
  const socket = createSocket({ type: to.family === 6 ? 'udp6' : 'udp4', sendBufferSize: sendBufferBytes });
  await connected(socket, to.address, port);
  // Errors that the kernel tells outside of a send come here; unheard, they would end the process.
  socket.on('error', onRefused);
  // Nothing is expected from it: sends keep the process alive, the socket alone does not.
  socket.unref();
  return {
    to,
    send: (datagrams) => sendAll(socket, datagrams, onRefused),
    close: () => new Promise((resolve) => socket.close(resolve)),
  };
}

const connected = (socket: Socket, address: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      resolve();
    });
    // With a callback of its own, connect would tell its failure to that and not as an error event.
    socket.connect(port, address);
  });

function sendAll(
  socket: Socket,
  datagrams: readonly Uint8Array[],
  onRefused: (error: NodeJS.ErrnoException) => void,
): Promise<readonly Refused[]> {
  return new Promise((resolve) => {
    const refused: Refused[] = [];
    let outstanding = datagrams.length;
    const settle = () => {
      if (--outstanding === 0) resolve(refused);
    };
    const send = (datagram: Uint8Array, again: boolean) =>
      socket.send(datagram, (error: NodeJS.ErrnoException | null) => {
        if (error?.code === 'ECONNREFUSED') {
          onRefused(error);
          if (again) return send(datagram, false);
        } else if (error) refused.push({ datagram, error });
        settle();
      });
    if (outstanding === 0) resolve(refused);
    for (const datagram of datagrams) send(datagram, true);
  });
}
