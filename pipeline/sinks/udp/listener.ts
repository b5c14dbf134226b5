import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type ReadMessage, readMessage } from '../message-decoder.ts';
import { MsgpackError } from '../msgpack-reader.ts';
import type { Fault, ListenOptions, Received } from '../received.ts';
import { createLedger, type Ledger, type Tally } from './ledger.ts';
import { isPackedDatagram, unpackDatagram } from './unpack.ts';

export interface UdpListener {
  readonly port: number;
  /** What the numbers of packed datagrams say so far; datagrams whose tag is wrong are faults and not in it. */
  tally(): Tally;
  /** Safe to call twice. */
  close(): Promise<void>;
}

/** As much as the kernel grants: a burst must wait here while earlier datagrams are printed. */
const RECEIVE_BUFFER_BYTES = 8_388_608;

/**
 * Receives Ceilometer's UDP samples, whoever sends them, and packed datagrams; one that came before is counted and
 * otherwise ignored. Nothing that arrives ends it: what is neither goes to `onFault`. Rejects with the system's error
 * where the address cannot be had.
 */
export async function listenUdp(
  options: ListenOptions,
  onMessage: (received: Received) => void,
  onFault: (fault: Fault) => void,
): Promise<UdpListener> {
  const ledger = createLedger();
  const socket = createSocket({
    type: isIPv6(options.host) ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
  });
  socket.on('message', (datagram, { address, port }) => {
    const bytes = datagram.length;
    const from = isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
    const read = receive(datagram, options.secret, ledger);
    if (read instanceof MsgpackError) onFault({ error: read, bytes, from });
    else for (const each of read) onMessage({ ...each, bytes, from });
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
    tally: () => ledger.tally(),
    close: () => {
      closed ??= new Promise((resolve) => socket.close(() => resolve()));
      return closed;
    },
  };
}

function receive(datagram: Buffer, secret: string | undefined, ledger: Ledger): readonly ReadMessage[] | MsgpackError {
  try {
    if (!isPackedDatagram(datagram)) return [readMessage(datagram, secret)];
    const { sender, sequence, messages } = unpackDatagram(datagram, secret);
    return ledger.enter(sender, sequence) ? messages : [];
  } catch (error) {
    if (error instanceof MsgpackError) return error;
    throw error;
  }
}
