import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { MessageOptions } from '../../../../pipeline/sinks/meter-message.ts';
import type { Fault, Received } from '../../../../pipeline/sinks/received.ts';
import { listenUdp } from '../../../../pipeline/sinks/udp/listener.ts';
import { createPackedDatagrams } from '../../../../pipeline/sinks/udp/packed.ts';
import { messageOf } from '../a-message.ts';
import { aSample } from '../a-sample.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const options: MessageOptions = {
  source: 'openstack',
  publisherId: null,
  timestamps: 'zoned',
  annotate: false,
  secret: 's3cr3t',
};

async function listen(secret?: string, host = '127.0.0.1', port = 0) {
  const heard: Received[] = [];
  const faults: Fault[] = [];
  const listener = await listenUdp(
    { host, port, ...(secret === undefined ? {} : { secret }) },
    (received) => heard.push(received),
    (fault) => faults.push(fault),
  );
  open.push(listener);
  return { ...listener, heard, faults };
}

/** Sends from one socket and gives its port. */
async function send(to: number, ...datagrams: readonly Uint8Array[]): Promise<number> {
  const socket = createSocket('udp4');
  open.push({ close: () => new Promise((resolve) => socket.close(() => resolve())) });
  socket.connect(to, '127.0.0.1');
  await once(socket, 'connect');
  for (const datagram of datagrams) socket.send(datagram);
  return socket.address().port;
}

describe('udp listener', () => {
  it('gives each message exactly, with its sender and the verdict on its signature', async () => {
    const ear = await listen('s3cr3t');
    const good = messageOf(aSample({ volume: 2n ** 64n - 1n }), options);
    const port = await send(ear.port, good, messageOf(aSample(), { ...options, secret: 'another' }));
    await expect.poll(() => ear.heard.length).toBe(2);
    expect(ear.heard[0]).toMatchObject({ signature: 'valid', bytes: good.length, from: `127.0.0.1:${port}` });
    expect(ear.heard[0]?.message.counter_volume).toBe(2n ** 64n - 1n);
    expect(ear.heard[1]?.signature).toBe('invalid');
  });

  it('checks nothing without a secret', async () => {
    const ear = await listen();
    await send(ear.port, messageOf(aSample(), options));
    await expect.poll(() => ear.heard.map(({ signature }) => signature)).toEqual(['unchecked']);
  });

  it('outlives whatever arrives, and names its sender', async () => {
    const ear = await listen('s3cr3t');
    const strange = ['', 'not msgpack', '\u0090', '\u0081\u00a1a'].map((text) => Buffer.from(text, 'latin1'));
    const port = await send(ear.port, ...strange, messageOf(aSample(), options));
    await expect.poll(() => ear.heard.length).toBe(1);
    expect(ear.faults.map(({ bytes }) => bytes)).toEqual(strange.map(({ length }) => length));
    expect(ear.faults.every(({ from }) => from === `127.0.0.1:${port}`)).toBe(true);
    expect(ear.faults.every(({ error }) => error.name === 'MsgpackError')).toBe(true);
  });

  it('counts the packed datagrams that are missing or come again, whose tag is right', async () => {
    const ear = await listen('s3cr3t');
    const made = (secret: string, sender: bigint) => {
      const datagrams = createPackedDatagrams({ message: { ...options, secret }, maxBytes: 1432, sender });
      return Array.from({ length: 6 }, (_, index) => [...datagrams([aSample({ volume: index })])][0]?.bytes ?? '');
    };
    const [a, , c, , , f] = made('s3cr3t', 1n).map((bytes) => Buffer.from(bytes));
    const [x] = made('another', 2n).map((bytes) => Buffer.from(bytes));
    if (!a || !c || !f || !x) throw new Error('nothing was made');
    await send(ear.port, a, f, c, c, x);
    await expect.poll(() => ear.heard.map(({ message }) => message.counter_volume)).toEqual([0, 5, 2]);
    expect(ear.heard.map(({ signature }) => signature)).toEqual(['valid', 'valid', 'valid']);
    await expect
      .poll(() => ear.faults.map(({ error }) => error.message))
      .toEqual(['a packed datagram whose tag is not of this secret: check that its sender has the same']);
    expect(ear.tally()).toEqual({ senders: 1, datagrams: 3, lost: 3, duplicates: 1 });
  });

  it('rejects where the port is taken, and closes twice', async () => {
    const ear = await listen();
    await expect(listen(undefined, '127.0.0.1', ear.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await ear.close();
    await ear.close();
  });
});
