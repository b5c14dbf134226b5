import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Numbers of Kafka's requests. */
const REQUESTS = { join: 11, sync: 14 } as const;

export interface LateAnswer {
  readonly to: keyof typeof REQUESTS;
  /** Which of its kind, from 1. */
  readonly nth: number;
  readonly ms: number;
}

export interface Way {
  /** host:port of the broker by this way. */
  readonly broker: string;
  /** Whether the question has been asked whose answer is late. */
  isAsked(): boolean;
}

/**
 * A way to a broker on loopback by which one answer is late; the others of its connection wait for it. It gives itself
 * as the broker wherever the broker names itself, so that clients stay on it. Gone with the test.
 */
export async function wayWithLateAnswer(brokerPort: number, { to, nth, ms }: LateAnswer): Promise<Way> {
  const sockets = new Set<Socket>();
  let asked = 0;
  const server = createServer((client) => {
    const broker = dial(brokerPort, '127.0.0.1');
    const late = new Set<number>();
    let inTurn = Promise.resolve();
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        broker.destroy();
      });
    }
    eachFrame(client, (frame) => {
      if (frame.readInt16BE(4) === REQUESTS[to] && ++asked === nth) late.add(frame.readInt32BE(8));
      broker.write(frame);
    });
    eachFrame(broker, (frame) => {
      const isLate = late.delete(frame.readInt32BE(4));
      rename(frame, nameOf(brokerPort), nameOf(port()));
      inTurn = inTurn.then(async () => {
        if (isLate) await new Promise((resolve) => setTimeout(resolve, ms));
        client.write(frame);
      });
    });
  });
  const port = (): number => (server.address() as AddressInfo).port;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { broker: `127.0.0.1:${port()}`, isAsked: () => asked >= nth };
}

/** Whole messages, with the four bytes of their length. */
function eachFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let kept = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    while (kept.length >= lengthOf(kept)) {
      const end = lengthOf(kept);
      take(kept.subarray(0, end));
      kept = kept.subarray(end);
    }
  });
}

/** Of the frame at the beginning; without its length nobody knows. */
const lengthOf = (kept: Buffer): number => (kept.length < 4 ? Number.POSITIVE_INFINITY : 4 + kept.readInt32BE(0));

/** A broker as an answer names it: its host, then its port in four bytes. */
function nameOf(port: number): Buffer {
  const name = Buffer.alloc(13, '127.0.0.1');
  name.writeInt32BE(port, 9);
  return name;
}

/** In place: both names are of one length. */
function rename(frame: Buffer, from: Buffer, to: Buffer): void {
  for (let at = frame.indexOf(from); at >= 0; at = frame.indexOf(from, at + to.length)) to.copy(frame, at);
}
