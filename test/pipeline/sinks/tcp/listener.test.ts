import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fault, Received } from '../../../../pipeline/sinks/received.ts';
import { framesOf } from '../../../../pipeline/sinks/tcp/frame.ts';
import { listenTcp } from '../../../../pipeline/sinks/tcp/listener.ts';
import { messageOf } from '../a-message.ts';
import { aSample } from '../a-sample.ts';

const options = {
  source: 'openstack',
  publisherId: 'd',
  timestamps: 'zoned',
  annotate: false,
  secret: 's3cr3t',
} as const;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function listen(port = 0) {
  const heard: Received[] = [];
  const faults: Fault[] = [];
  const listener = await listenTcp(
    { host: '127.0.0.1', port, secret: 's3cr3t' },
    (received) => heard.push(received),
    (fault) => faults.push(fault),
  );
  open.push(listener);
  return { ...listener, heard, faults };
}

/** Sends and waits until the connection is over. */
async function send(port: number, bytes: Uint8Array): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.end(bytes);
  await once(socket, 'close');
}

describe('tcp listener', () => {
  it('judges every signature, and goes on after a message that is none', async () => {
    const ear = await listen();
    const good = messageOf(aSample({ volume: 2n ** 64n - 1n }), options);
    await send(ear.port, framesOf([good, Buffer.from('01', 'hex'), messageOf(aSample(), { ...options, secret: 'x' })]));
    await expect.poll(() => ear.heard.map(({ signature }) => signature)).toEqual(['valid', 'invalid']);
    expect(ear.heard[0]).toMatchObject({ bytes: good.length, message: { counter_volume: 2n ** 64n - 1n } });
    expect(ear.faults.map(({ error }) => error.message)).toEqual(['a meter message must be a map']);
  });

  it('closes a connection that speaks something else, and hears the others', async () => {
    const ear = await listen();
    await send(ear.port, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await send(ear.port, framesOf([messageOf(aSample(), options)]));
    await expect.poll(() => ear.heard.length).toBe(1);
    expect(ear.faults[0]?.error.message).toContain('at most 4194304 are read');
  });

  it('says when a stream ends within a frame', async () => {
    const ear = await listen();
    await send(ear.port, framesOf([messageOf(aSample(), options)]).subarray(0, 100));
    await expect
      .poll(() => ear.faults.map(({ error }) => error.message))
      .toEqual(['the stream ended within a frame, 100 bytes of which came']);
  });

  it('rejects where the port is taken, and closes twice', async () => {
    const ear = await listen();
    await expect(listen(ear.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await ear.close();
    await ear.close();
  });
});
