import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { MsgpackError } from '../msgpack-reader.ts';
import { decodeDatagram, isDatagramSignedBy } from './datagram.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Checks signatures with it; without one they are not looked at. */
  readonly secret?: string;
}

/** A meter message as it came. `signature` is `unchecked` where no secret was given. */
export interface Received {
  readonly message: Readonly<Record<string, unknown>>;
  readonly signature: 'valid' | 'invalid' | 'unchecked';
  readonly bytes: number;
  /** address:port of the sender */
  readonly from: string;
}

/** A datagram that is no meter message, or trouble of the socket itself (then without a sender). */
export interface Fault {
  readonly error: Error;
  readonly bytes: number;
  readonly from: string | null;
}

export interface Listener {
  readonly port: number;
  /** Safe to call twice. */
  close(): Promise<void>;
}

/** As much as the kernel grants: a burst must wait here while earlier datagrams are printed. */
const RECEIVE_BUFFER_BYTES = 8_388_608;

/**
 * Receives Ceilometer's UDP samples, whoever sends them. Nothing that arrives ends it: what is no meter message goes
 * to `onFault`. Rejects with the system's error where the address cannot be had.
 */
export async function listenUdp(
  options: ListenOptions,
  onMessage: (received: Received) => void,
  onFault: (fault: Fault) => void,
): Promise<Listener> {
  const socket = createSocket({
    type: isIPv6(options.host) ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
  });
  socket.on('message', (datagram, { address, port }) => {
    const from = isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
    const received = receive(datagram, options.secret);
    if (received instanceof MsgpackError) onFault({ error: received, bytes: datagram.length, from });
    else onMessage({ ...received, bytes: datagram.length, from });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(options.port, options.host, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.on('error', (error) => onFault({ error, bytes: 0, from: null }));
  let closed: Promise<void> | undefined;
  return {
    port: socket.address().port,
    close: () => {
      closed ??= new Promise((resolve) => socket.close(() => resolve()));
      return closed;
    },
  };
}

function receive(datagram: Uint8Array, secret: string | undefined): Omit<Received, 'bytes' | 'from'> | MsgpackError {
  try {
    const message = decodeDatagram(datagram);
    if (secret === undefined) return { message, signature: 'unchecked' };
    return { message, signature: isDatagramSignedBy(datagram, secret) ? 'valid' : 'invalid' };
  } catch (error) {
    if (error instanceof MsgpackError) return error;
    throw error;
  }
}
