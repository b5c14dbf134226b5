import { createSocket } from 'node:dgram';
import { isPackedDatagram } from '../../../pipeline/sinks/udp/unpack.ts';

/** What came so far. */
export interface ReceivedSoFar {
  readonly port: number;
  readonly datagrams: number;
  readonly samples: number;
}

/** Nothing of a bench goes on for longer. */
const MOST_MS = 180_000;

/**
 * A receiver as it comes, with the system's receive buffer: looks at heads only and tells what came whenever it is
 * asked. Ends when its parent does.
 */
const socket = createSocket('udp4');
let datagrams = 0;
let samples = 0;
socket.on('message', (datagram) => {
  datagrams++;
  samples += isPackedDatagram(datagram) ? datagram.readUInt16BE(3) : 1;
});
const tell = () => process.send?.({ port: socket.address().port, datagrams, samples } satisfies ReceivedSoFar);
socket.bind(0, '127.0.0.1', tell);
process.on('message', tell);
process.on('disconnect', () => process.exit());
setTimeout(() => process.exit(1), MOST_MS).unref();
