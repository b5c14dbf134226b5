import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeMessage, isMessageSignedBy } from '../../../../pipeline/sinks/message-decoder.ts';
import { packed } from '../../../../pipeline/sinks/msgpack-writer.ts';
import type { Sink } from '../../../../pipeline/sinks/sink.ts';
import { frameOf, LENGTH_BYTES } from '../../../../pipeline/sinks/tcp/frame.ts';
import { tcp, tcpConfig } from '../../../../pipeline/sinks/tcp/tcp.ts';

import { available } from '../../../services/service.ts';
import { tlsDirectory } from '../../state/redis/redis-cli.ts';
import { aContext } from '../a-context.ts';
import { aSample } from '../a-sample.ts';
import { parseLossless } from '../lossless-json.ts';

const SECRET = 'a secret of this test';
const { signal } = new AbortController();
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const ending = (socket: Socket) => ({ close: () => socket.destroy() });

/** A receiver: the frames that came, over all its connections. */
async function receiver(make: (onSocket: (socket: Socket) => void) => Server = createServer, port = 0) {
  let bytes = Buffer.alloc(0);
  const sockets: Socket[] = [];
  const server = make((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  open.push({ close });
  const messages = (): readonly Buffer[] => {
    const all: Buffer[] = [];
    for (let at = 0; at + LENGTH_BYTES <= bytes.length; ) {
      const end = at + LENGTH_BYTES + Number(bytes.readBigUInt64LE(at));
      if (end > bytes.length) break;
      all.push(bytes.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    return all;
  };
  return { port: (server.address() as AddressInfo).port, messages, sockets, close };
}

function sinkTo(port: number, some: object = {}): Sink {
  const config = tcpConfig.parse({ type: 'tcp', host: '127.0.0.1', port, secret: SECRET, ...some });
  const sink = tcp.create(config, aContext().context);
  open.push(sink);
  return sink;
}

describe('frames', () => {
  const { frames } = JSON.parse(readFileSync(new URL('../vectors/tcp-frames.json', import.meta.url), 'utf8'));

  it.each(frames as readonly { length_prefix_hex: string; body_hex: string; decoded_json: string }[])(
    'are Ceilometer’s to the byte',
    ({ length_prefix_hex, body_hex, decoded_json }) => {
      const message = decoded_json === undefined ? null : parseLossless(decoded_json);
      const body = message === null ? Buffer.from(body_hex, 'hex') : packed(message);
      expect(frameOf(body).toString('hex')).toBe(`${length_prefix_hex}${body_hex}`);
    },
  );
});

describe('the TCP sink', () => {
  it('sends every sample of a batch, signed, with publisher_id, exact to 64 bits', async () => {
    const { port, messages } = await receiver();
    const samples = Array.from({ length: 2000 }, (_, n) => aSample({ messageId: `${n}`, volume: 2n ** 64n - 1n }));
    await sinkTo(port).publish(samples, signal);
    await expect.poll(() => messages().length).toBe(2000);
    expect(messages().map((message) => decodeMessage(message).message_id)).toEqual(samples.map((s) => s.messageId));
    expect(messages().every((message) => isMessageSignedBy(message, SECRET))).toBe(true);
    const [first] = messages();
    expect(decodeMessage(first as Buffer)).toMatchObject({
      publisher_id: 'hypermeter',
      counter_volume: 18446744073709551615n,
    });
    expect((first as Buffer).subarray(0, 3).toString('hex')).toBe('de0010');
  });

  it('says that nobody listens, and goes on when somebody does', async () => {
    const { port, close } = await receiver();
    await close();
    const sink = sinkTo(port);
    await expect(sink.publish([aSample()], signal)).rejects.toThrow('nobody listens there');
    const { messages } = await receiver(createServer, port);
    await sink.publish([aSample()], signal);
    await expect.poll(() => messages().length).toBe(1);
  });

  it('connects anew when the receiver has gone in between', async () => {
    const { port, messages, sockets } = await receiver();
    const sink = sinkTo(port);
    await sink.publish([aSample()], signal);
    await expect.poll(() => messages().length).toBe(1);
    const [socket] = sockets;
    const gone = new Promise((resolve) => socket?.once('close', resolve));
    socket?.end();
    await gone;
    await expect
      .poll(async () => {
        await sink.publish([aSample()], signal).catch(() => undefined);
        return messages().length;
      })
      .toBeGreaterThan(1);
    expect(sockets.length).toBeGreaterThan(1);
  });

  it('leaves a receiver that takes nothing, in its time, and gives up when told to', async () => {
    // Nothing reads what comes.
    const { port } = await receiver(() =>
      createServer({ pauseOnConnect: true }, (socket) => open.push(ending(socket))),
    );
    const metadata = { text: 'x'.repeat(200_000) };
    const large = Array.from({ length: 100 }, () => aSample({ resource: { ...aSample().resource, metadata } }));
    await expect(sinkTo(port, { timeout: '300ms' }).publish(large, signal)).rejects.toThrow('too slowly');
    const stop = new AbortController();
    const publishing = sinkTo(port).publish(large, stop.signal);
    stop.abort(new Error('time is up'));
    await expect(publishing).rejects.toThrow('time is up');
  });

  it('closes twice, and before it was ever open', async () => {
    const sink = sinkTo(1);
    await sink.close();
    await sink.close();
  });

  it('tells a secret file that is not there', async () => {
    const sink = sinkTo(1, { secret: undefined, secretFile: '/nowhere/secret' });
    await expect(sink.publish([aSample()], signal)).rejects.toThrow('cannot read secretFile /nowhere/secret');
  });
});

describe.skipIf(!(await available('redis')))('the TCP sink over TLS [redis]', () => {
  const pem = (name: string) => readFileSync(`${tlsDirectory}/${name}`);

  it('encrypts where the CA is known, and nowhere else', async () => {
    const { port, messages } = await receiver((onSocket) =>
      createTlsServer({ key: pem('server.key'), cert: pem('server.crt') }, onSocket),
    );
    const tls = { caFile: `${tlsDirectory}/ca.crt`, serverName: 'localhost' };
    await sinkTo(port, { tls }).publish([aSample()], signal);
    await expect.poll(() => messages().length).toBe(1);
    await expect(sinkTo(port, { tls: true }).publish([aSample()], signal)).rejects.toThrow('tls.caFile');
    const named = { caFile: tls.caFile, serverName: 'other.example' };
    await expect(sinkTo(port, { tls: named }).publish([aSample()], signal)).rejects.toThrow('tls.serverName');
  });
});
