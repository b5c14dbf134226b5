import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createHttpClient, type HttpClient, type HttpOptions, type HttpRequest } from '../../connectors/http-client.ts';
import type { HttpTap } from '../../connectors/http-tap.ts';
import { type HttpTls, httpTlsSchema } from '../../connectors/http-tls.ts';
import { type SelfSigned, selfSigned } from '../fakes/certificate.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function clientOf(
  origin: string,
  tls: Partial<HttpTls> = {},
  timeoutMs = 5000,
  more: Partial<HttpOptions> = {},
): Promise<HttpClient> {
  const options = { endpoint: 'vc1', origin, tls: httpTlsSchema.parse(tls), connections: 2, timeoutMs, ...more };
  const client = await createHttpClient(options);
  open.push(() => client.close());
  return client;
}

const get = (changes: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  path: '/',
  maxBytes: 1000,
  signal: AbortSignal.timeout(20_000),
  ...changes,
});

const plainClient = async (answer: RequestListener, timeoutMs?: number): Promise<HttpClient> =>
  clientOf(`http://127.0.0.1:${await listen(createServer(answer))}`, {}, timeoutMs);

describe('a request', () => {
  it('brings status, headers, cookies and body', async () => {
    const client = await plainClient((request, response) => {
      response.writeHead(
        201,
        [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
          ['x-seen', `${request.method} ${request.url}`],
        ].flat(),
      );
      request.pipe(response);
    });
    const answer = await client.request(get({ method: 'POST', path: '/sdk?x=1', body: 'grüße' }));
    expect([answer.status, answer.header('x-seen'), answer.cookies]).toEqual([201, 'POST /sdk?x=1', ['a=1', 'b=2']]);
    expect(await answer.text()).toBe('grüße');
  });

  it('unpacks gzip', async () => {
    const client = await plainClient((request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(900)));
    });
    expect(await (await client.request(get())).text()).toBe('x'.repeat(900));
  });

  it.each([
    ['plain', undefined, Buffer.alloc(1001)],
    ['packed to little', 'gzip', gzipSync(Buffer.alloc(50_000_000))],
  ])('gives up what is too long, %s', async (_, encoding, body) => {
    const client = await plainClient((_, response) => {
      response.writeHead(200, encoding === undefined ? {} : { 'content-encoding': encoding }).end(body);
    });
    const answer = await client.request(get());
    await expect(answer.text()).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining('more than 1000 bytes'),
    });
  });

  it.each([
    ['no gzip', Buffer.from('plain'), 'no gzip'],
    ['half of it', gzipSync('x'.repeat(900)).subarray(0, 20), 'ends too early'],
  ])('names gzip that is %s', async (_, body, message) => {
    const client = await plainClient((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
    });
    const answer = await client.request(get());
    await expect(answer.text()).rejects.toMatchObject({ code: 'protocol', message: expect.stringContaining(message) });
  });

  it('gives up an answer that stops coming', async () => {
    const client = await plainClient((_, response) => {
      response.writeHead(200).write('x');
    }, 300);
    const answer = await client.request(get());
    await expect(answer.text()).rejects.toMatchObject({ code: 'timeout' });
  });

  it('ends with its signal, in the middle of the body as well', async () => {
    const client = await plainClient((_, response) => {
      response.writeHead(200).write('x');
    });
    const stop = new AbortController();
    const answer = await client.request(get({ signal: stop.signal }));
    const text = answer.text();
    stop.abort(new Error('enough'));
    await expect(text).rejects.toThrow('enough');
    await expect(client.request(get({ signal: stop.signal }))).rejects.toThrow('enough');
  });

  it('says when nobody listens, or somebody else does', async () => {
    const nobody = await clientOf('http://127.0.0.1:1');
    await expect(nobody.request(get())).rejects.toMatchObject({
      code: 'unreachable',
      message: 'vc1: http://127.0.0.1:1: nobody listens there: start it, or check the port',
    });
    const port = await listen(createTcpServer((socket) => socket.end('220 mail.example.org\r\n')));
    const mail = await clientOf(`http://127.0.0.1:${port}`);
    await expect(mail.request(get())).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining('no HTTP server'),
    });
    const tls = await clientOf(`https://127.0.0.1:${await listen(createServer())}`);
    await expect(tls.request(get())).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('no TLS'),
    });
  });

  it('goes over the same connection again, as long as it is to be kept', async () => {
    const ports = new Set<number | undefined>();
    const origin = `http://127.0.0.1:${await listen(
      createServer((request, response) => {
        ports.add(request.socket.remotePort);
        response.end();
      }),
    )}`;
    const client = await clientOf(origin, {}, 5000, { connections: 1, keepAliveMs: 60_000 });
    await Promise.all([1, 2, 3].map(async () => (await client.request(get())).text()));
    expect(ports.size).toBe(1);
  });

  it('is let go of when the client closes', async () => {
    const client = await plainClient(() => undefined);
    const asked = client.request(get());
    await client.close();
    await expect(asked).rejects.toMatchObject({ code: 'lost' });
    await client.close();
  });
});

describe('TLS', () => {
  let directory: string;
  let files: SelfSigned;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypermeter-tls.'));
    files = selfSigned(directory);
  });
  afterAll(() => rm(directory, { recursive: true }));

  const serve = async (): Promise<string> =>
    `https://127.0.0.1:${await listen(createTlsServer(files, (_, response) => response.end('hello')))}`;
  const thumbprint = (): string => new X509Certificate(files.cert).fingerprint256;

  it('is verified by default', async () => {
    const client = await clientOf(await serve());
    await expect(client.request(get())).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('name the CA in tls.caFile, or its certificate in tls.thumbprint'),
    });
  });

  it.each([
    ['the CA', () => ({ caFile: files.caFile })],
    ['the thumbprint', () => ({ thumbprint: thumbprint() })],
    ['the thumbprint without colons', () => ({ thumbprint: thumbprint().replaceAll(':', '').toLowerCase() })],
    ['nobody', () => ({ verify: false })],
  ])('is trusted by the word of %s', async (_, tls) => {
    const client = await clientOf(await serve(), tls());
    expect(await (await client.request(get())).text()).toBe('hello');
  });

  it('is looked at again with every connection that a pinned server is asked on', async () => {
    const server = createTlsServer(files, (_, response) =>
      response.writeHead(200, { connection: 'close' }).end('hello'),
    );
    const client = await clientOf(`https://127.0.0.1:${await listen(server)}`, { thumbprint: thumbprint() });
    for (let n = 0; n < 4; n++) expect(await (await client.request(get())).text()).toBe('hello');
  });

  it('is refused with another thumbprint, and the error shows the one that was met', async () => {
    const other = createHash('sha256').digest('hex');
    const client = await clientOf(await serve(), { thumbprint: other });
    await expect(client.request(get())).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(thumbprint()),
    });
  });

  it('shows a certificate to a server that asks for one', async () => {
    const server = createTlsServer({ ...files, requestCert: true, rejectUnauthorized: false }, (request, response) => {
      response.end((request.socket as TLSSocket).getPeerCertificate().fingerprint256 ?? 'none');
    });
    const origin = `https://127.0.0.1:${await listen(server)}`;
    const certificate = { certFile: files.caFile, keyFile: files.keyFile };
    const client = await clientOf(origin, { verify: false }, 5000, { certificate });
    expect(await (await client.request(get())).text()).toBe(thumbprint());
    const none = clientOf(origin, {}, 5000, { certificate: { ...certificate, keyFile: '/nowhere/key.pem' } });
    await expect(none).rejects.toThrow('tls.keyFile /nowhere/key.pem');
  });

  it('says which file is missing', async () => {
    await expect(clientOf('https://127.0.0.1', { caFile: '/nowhere/ca.pem' })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('tls.caFile /nowhere/ca.pem'),
    });
  });
});

describe('a tap', () => {
  /** What a tap was told, a line each. */
  function tapped(): { readonly told: string[]; readonly tap: HttpTap } {
    const told: string[] = [];
    const tap: HttpTap = ({ method, path, body }) => {
      told.push(`${method} ${path} ${body}`);
      return {
        head: (status, headers) =>
          void told.push(`${status} ${headers['content-type']} ${headers['content-encoding']}`),
        bytes: (piece) => void told.push(Buffer.from(piece).toString()),
        end: (whole) => void told.push(whole ? 'whole' : 'cut'),
      };
    };
    return { told, tap };
  }

  const asked = async (answer: RequestListener) => {
    const { told, tap } = tapped();
    const client = await clientOf(`http://127.0.0.1:${await listen(createServer(answer))}`, {}, 5000, { tap });
    return { told, client };
  };

  it('sees request and answer, unpacked, which whoever asked sees as well', async () => {
    const { told, client } = await asked((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
      response.end(gzipSync('hello'));
    });
    const answer = await client.request(get({ method: 'POST', path: '/x?y=1', body: 'hi' }));
    expect(await answer.text()).toBe('hello');
    expect(told).toEqual(['POST /x?y=1 hi', '200 text/plain undefined', 'hello', 'whole']);
  });

  it('is told that a body was not wanted, or was too long, and that there was no answer', async () => {
    const { told, client } = await asked((request, response) => {
      if (request.url === '/none') request.socket.destroy();
      else response.writeHead(200, { 'content-type': 'a/b' }).end('x'.repeat(20));
    });
    await (await client.request(get())).discard();
    await expect((await client.request(get({ maxBytes: 5 }))).text()).rejects.toThrow('more than 5 bytes');
    await expect(client.request(get({ path: '/none' }))).rejects.toThrow('cut');
    expect(told).toEqual([
      ...['GET / null', '200 a/b undefined', 'cut'],
      ...['GET / null', '200 a/b undefined', 'cut'],
      ...['GET /none null', 'cut'],
    ]);
  });
});
