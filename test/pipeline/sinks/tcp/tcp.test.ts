import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault, Received } from '../../../../pipeline/sinks/received.ts';
import { framesOf } from '../../../../pipeline/sinks/tcp/frame.ts';
import { listenTcp } from '../../../../pipeline/sinks/tcp/listener.ts';
import { tcp, tcpConfig } from '../../../../pipeline/sinks/tcp/tcp.ts';
import { aContext } from '../a-context.ts';
import { messageOf } from '../a-message.ts';
import { aSample, withMetadata } from '../a-sample.ts';

const { signal } = new AbortController();
const waitFor = { timeout: 5000, interval: 5 };
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function listen(port = 0, secret = 's3cr3t') {
  const heard: Received[] = [];
  const faults: Fault[] = [];
  const options = { host: '127.0.0.1', port, secret };
  const listener = await listenTcp(
    options,
    (received) => heard.push(received),
    (fault) => faults.push(fault),
  );
  open.push(listener);
  const meters = () => heard.map(({ message }) => message.counter_name);
  return { ...listener, heard, faults, meters };
}

/** A server that does with its connections what the test wants. */
async function serve(server: Server, onConnection: (socket: Socket) => void, event = 'connection') {
  const sockets: Socket[] = [];
  server.on(event, (socket: Socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  open.push({ close });
  const { port } = server.address() as { port: number };
  return { port, sockets };
}

function sinkTo(port: number, config: object = {}) {
  const { context, events, dead } = aContext({ publisherId: 'dev' });
  const parsed = tcpConfig.parse({ type: 'tcp', host: '127.0.0.1', port, secret: 's3cr3t', ...config });
  const sink = tcp.create(parsed, context);
  open.push(sink);
  return { sink, events, dead };
}

const named = (name: string) => aSample({ name });

describe('tcp sink', () => {
  it('sends every sample as a signed frame, exact and in order, over one connection', async () => {
    const ear = await listen();
    const { sink, events } = sinkTo(ear.port);
    const batch = Array.from({ length: 2000 }, (_, index) => aSample({ volume: 2n ** 63n + BigInt(index) }));
    await sink.publish(batch, signal);
    await sink.publish([named('last')], signal);
    await expect.poll(() => ear.heard.length, waitFor).toBe(2001);
    expect(ear.heard.slice(0, 2000).map(({ message }) => message.counter_volume)).toEqual(
      batch.map(({ volume }) => volume),
    );
    expect(ear.heard.every(({ signature }) => signature === 'valid')).toBe(true);
    expect(new Set(ear.heard.map(({ from }) => from)).size).toBe(1);
    expect(Object.keys(ear.heard[0]?.message ?? {})).toHaveLength(16);
    expect(events).toEqual([]);
    expect(ear.faults).toEqual([]);
  });

  it('leaves out what is malformed and sends the rest', async () => {
    const ear = await listen();
    const { sink, dead } = sinkTo(ear.port);
    await sink.publish([named('a'), aSample({ volume: Number.NaN }), named('b')], signal);
    await expect.poll(ear.meters, waitFor).toEqual(['a', 'b']);
    expect(dead.map(({ reason }) => reason)).toEqual(['volume_not_finite']);
  });

  it('counts and keeps what is malformed once, however often its batch is refused', async () => {
    const { sink, events, dead } = sinkTo(1);
    const batch = [aSample({ volume: Number.NaN }), named('a')];
    for (const _attempt of [1, 2, 3]) await expect(sink.publish(batch, signal)).rejects.toThrow('nobody listens');
    expect(events).toMatchObject([{ event: 'sample.dropped', reason: 'volume_not_finite', count: 1 }]);
    expect(dead).toHaveLength(1);
  });

  it('does not connect before it is told to, nor for an empty batch', async () => {
    const { sink } = sinkTo(1);
    await sink.publish([], signal);
    await expect(sink.open?.(signal)).rejects.toThrow('nobody listens there: start the receiver');
  });

  it('rejects a batch when the receiver has closed, and sends it on a new connection', async () => {
    const ear = await listen();
    const { sink } = sinkTo(ear.port);
    await sink.publish([named('a')], signal);
    await expect.poll(ear.meters, waitFor).toEqual(['a']);
    await ear.close();
    await expect(sink.publish([named('b')], signal)).rejects.toMatchObject({ name: 'SinkError', code: 'unavailable' });
    const again = await listen(ear.port);
    await sink.publish([named('b')], signal);
    await expect.poll(again.meters, waitFor).toEqual(['b']);
  });

  it('notices a half-closed connection before it writes', async () => {
    let bytes = 0;
    const peer = await serve(createServer({ allowHalfOpen: true }), (socket) => {
      socket.on('data', (piece) => {
        bytes += piece.length;
      });
    });
    const { sink } = sinkTo(peer.port);
    await sink.open?.(signal);
    await expect.poll(() => peer.sockets.length, waitFor).toBe(1);
    await new Promise<void>((resolve) => peer.sockets[0]?.end(resolve));
    await expect(sink.publish([named('a')], signal)).rejects.toThrow('the receiver closed the connection');
    expect(bytes).toBe(0);
  });

  it('goes to the next receiver when one fails, and round again', async () => {
    const first = await listen();
    const second = await listen();
    const { sink } = sinkTo(first.port, { standby: [{ host: '127.0.0.1', port: second.port }] });
    await sink.publish([named('a')], signal);
    await first.close();
    await expect(sink.publish([named('b')], signal)).rejects.toThrow(`127.0.0.1:${first.port}`);
    await sink.publish([named('b')], signal);
    await expect.poll(second.meters, waitFor).toEqual(['b']);
    await second.close();
    await expect(sink.publish([named('c')], signal)).rejects.toThrow(`127.0.0.1:${second.port}`);
    const back = await listen(first.port);
    await sink.publish([named('c')], signal);
    await expect.poll(back.meters, waitFor).toEqual(['c']);
  });

  describe('with a receiver that does not read', () => {
    const stuck = () => serve(createServer({ pauseOnConnect: true }), () => {});
    const large = Array.from({ length: 400 }, () => withMetadata({ text: 'x'.repeat(60_000) }));

    it('waits for it, and no longer than the signal allows', async () => {
      const { port } = await stuck();
      const { sink } = sinkTo(port);
      await sink.open?.(signal);
      const stop = new AbortController();
      const publishing = sink.publish(large, stop.signal);
      stop.abort(new Error('stop'));
      await expect(publishing).rejects.toThrow('stop');
    });

    it('gives up after its time, with what to do', async () => {
      const { port } = await stuck();
      const { sink } = sinkTo(port, { timeout: '1s' });
      await expect(sink.publish(large, signal)).rejects.toThrow(
        'sending did not end within 1 s: check whether it is up',
      );
    });

    it('goes on when it reads again', async () => {
      let bytes = 0;
      const peer = await stuck();
      const { sink } = sinkTo(peer.port);
      const publishing = sink.publish(large, signal);
      await expect.poll(() => peer.sockets.length, waitFor).toBe(1);
      peer.sockets[0]
        ?.on('data', (piece) => {
          bytes += piece.length;
        })
        .resume();
      await publishing;
      await sink.close();
      await expect.poll(() => bytes, waitFor).toBeGreaterThan(400 * 60_000);
    });
  });

  it('gives up connecting when told to', async () => {
    const { sink } = sinkTo(4952);
    await expect(sink.open?.(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });

  it('closes twice, and opens again for a later batch', async () => {
    const ear = await listen();
    const { sink } = sinkTo(ear.port);
    await sink.publish([named('a')], signal);
    await sink.close();
    await sink.close();
    await sink.publish([named('b')], signal);
    await expect.poll(ear.meters, waitFor).toEqual(['a', 'b']);
  });
});

describe('tcp sink with TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-tcp-'));
  const file = (name: string) => join(directory, name);
  beforeAll(() => {
    execFileSync(fileURLToPath(new URL('../../../services/make-ca.sh', import.meta.url)), [directory]);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** A server with a certificate for localhost that may ask for one in turn. */
  async function secure(requestCert = false) {
    let received = 0;
    const server = createTlsServer({
      key: readFileSync(file('server.key')),
      cert: readFileSync(file('server.crt')),
      ca: readFileSync(file('ca.crt')),
      requestCert,
    });
    const count = (socket: Socket) =>
      socket.on('data', (piece) => {
        received += piece.length;
      });
    const { port } = await serve(server, count, 'secureConnection');
    return { port, received: () => received };
  }

  it.each([
    ['by its address', {}],
    [
      'by another name, with a certificate of its own',
      { serverName: 'localhost', certFile: 'client.crt', keyFile: 'client.key' },
    ],
  ])(
    'sends to a receiver whom the CA vouches for %s',
    async (_what, { certFile, keyFile, ...tls }: Record<string, string>) => {
      const peer = await secure(certFile !== undefined);
      const own = certFile && keyFile ? { certFile: file(certFile), keyFile: file(keyFile) } : {};
      const { sink } = sinkTo(peer.port, { tls: { caFile: file('ca.crt'), ...own, ...tls } });
      await sink.publish([aSample()], signal);
      const options = {
        source: 'openstack',
        publisherId: 'dev',
        timestamps: 'zoned',
        annotate: false,
        secret: 's3cr3t',
      } as const;
      await expect.poll(peer.received, waitFor).toBe(framesOf([messageOf(aSample(), options)]).length);
    },
  );

  it.each([
    ['an unknown CA', {}, 'of a CA that is not known: give tls.caFile'],
    ['another name', { caFile: 'ca.crt', serverName: 'other.test' }, 'set tls.serverName'],
    ['no file', { caFile: 'missing.crt' }, 'cannot read tls.caFile'],
  ])('refuses %s', async (_what, { caFile, ...tls }: Record<string, string>, message) => {
    const peer = await secure();
    const { sink } = sinkTo(peer.port, { tls: { ...tls, ...(caFile ? { caFile: file(caFile) } : {}) } });
    await expect(sink.publish([aSample()], signal)).rejects.toThrow(message);
    expect(peer.received()).toBe(0);
  });

  it('says that the receiver wants a certificate', async () => {
    const peer = await secure(true);
    const { sink } = sinkTo(peer.port, { tls: { caFile: file('ca.crt') } });
    // With TLS 1.3 the refusal comes after the handshake, so that a first batch may still have left.
    const refusal = async () => {
      const error: unknown = await sink.publish([aSample()], signal).catch((reason: unknown) => reason);
      return error instanceof Error ? error.message : '';
    };
    await expect.poll(refusal, waitFor).toContain('give tls.certFile and tls.keyFile');
    expect(peer.received()).toBe(0);
  });

  it('takes any certificate if told so', async () => {
    const peer = await secure();
    const { sink } = sinkTo(peer.port, { tls: { verify: false } });
    await sink.publish([aSample()], signal);
    await expect.poll(peer.received, waitFor).toBeGreaterThan(0);
  });

  it('says that the receiver speaks no TLS', async () => {
    const peer = await serve(createServer(), (socket) => socket.end('plain text, as it happens'));
    const { sink } = sinkTo(peer.port, { tls: {} });
    await expect(sink.publish([aSample()], signal)).rejects.toThrow('it does not speak TLS');
  });
});

describe('tcp configuration', () => {
  it.each([
    { secret: 'a', secretFile: 'b' },
    { port: 0 },
    { timeout: '10ms' },
    { publisherId: false },
    { tls: { certFile: 'a' } },
    { tls: { ca: 'a' } },
    { standby: ['c:1'] },
  ])('refuses %j', (fields) => {
    expect(tcpConfig.safeParse({ type: 'tcp', host: 'c', ...fields }).success).toBe(false);
  });
});
