import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../../../pipeline/runtime/clock.ts';
import { createClient } from '../../../../pipeline/sinks/push/client.ts';
import { endpointFields } from '../../../../pipeline/sinks/push/endpoint.ts';
import { aServer } from './a-server.ts';

const { signal } = new AbortController();
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

function clientTo(url: string, fields: object = {}) {
  const endpoint = z.strictObject(endpointFields).parse({ url, ...fields });
  const client = createClient('push', endpoint, systemClock);
  open.push(client);
  return client;
}

async function serve(...args: Parameters<typeof aServer>) {
  const server = await aServer(...args);
  open.push(server);
  return server;
}

const hello = Buffer.from('hello');

describe('push client', () => {
  it('posts the bytes with its headers', async () => {
    const server = await serve((_, response) => response.writeHead(202, { 'X-A': 'b' }).end('thanks'));
    const client = clientTo(`${server.url}/in?k=v`, { headers: { 'X-Scope-OrgID': 'a' }, auth: { bearerToken: 't' } });
    const answer = await client.post(hello, { 'content-type': 'text/plain' }, signal);
    expect([answer.status, answer.header('x-a'), String(answer.body)]).toEqual([202, 'b', 'thanks']);
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        path: '/in?k=v',
        body: hello,
        headers: {
          'content-type': 'text/plain',
          'content-length': '5',
          'x-scope-orgid': 'a',
          authorization: 'Bearer t',
          'user-agent': 'hypermeter',
        },
      },
    ]);
  });

  it('says who it is by user and password', async () => {
    const server = await serve();
    await clientTo(server.url, { auth: { username: 'ü', password: 'p:w' } }).post(hello, {}, signal);
    expect(server.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('ü:p:w').toString('base64')}`);
  });

  it('does not follow a redirection', async () => {
    const server = await serve((_, response) => response.writeHead(302, { Location: '/elsewhere' }).end());
    expect((await clientTo(server.url).post(hello, {}, signal)).status).toBe(302);
    expect(server.seen).toHaveLength(1);
  });

  it('reads no more of an answer than it has to, and goes on', async () => {
    const endless = Buffer.alloc(65_536, 'x');
    let written = 0;
    const server = await serve((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(endless)) written += endless.length;
        written += endless.length;
      };
      response.on('drain', more);
      more();
    });
    const client = clientTo(server.url);
    expect((await client.post(hello, {}, signal)).body).toHaveLength(65_536);
    expect((await client.post(hello, {}, signal)).status).toBe(200);
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  it('says that nobody listens', async () => {
    const server = await aServer();
    await server.close();
    await expect(clientTo(`${server.url}/in?key=s3cr3t`).post(hello, {}, signal)).rejects.toMatchObject({
      name: 'SinkError',
      code: 'unavailable',
      message: `push: cannot post to ${server.url}/in: nobody listens there: start it, or check the port`,
    });
  });

  it.each([
    ['before its answer', (_: unknown, response: { flushHeaders(): void }) => void response],
    ['in the middle of it', (_: unknown, response: { flushHeaders(): void }) => response.flushHeaders()],
  ])('gives up on a server that hangs %s', async (_what, respond) => {
    const server = await serve(respond);
    await expect(clientTo(server.url, { timeout: '200ms' }).post(hello, {}, signal)).rejects.toThrow(
      'no answer within 0.2 s: check the server, or raise timeout',
    );
  });

  it('ends at once when told to', async () => {
    const server = await serve(() => undefined);
    const stop = new AbortController();
    const posting = clientTo(server.url).post(hello, {}, stop.signal);
    await expect.poll(() => server.seen.length).toBe(1);
    stop.abort(new Error('stop'));
    await expect(posting).rejects.toThrow('stop');
  });

  it('finds again a server that came back', async () => {
    const first = await aServer();
    const client = clientTo(first.url);
    await client.post(hello, {}, signal);
    await first.close();
    await expect(client.post(hello, {}, signal)).rejects.toThrow('push: cannot post');
    await serve(undefined, undefined, first.port);
    expect((await client.post(hello, {}, signal)).status).toBe(200);
  });

  it('says what answers when it is no HTTP server', async () => {
    const server = createServer((socket) => socket.end('220 mail ready\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ close: async () => void server.close() });
    const { port } = server.address() as { port: number };
    await expect(clientTo(`http://127.0.0.1:${port}`).post(hello, {}, signal)).rejects.toThrow(
      'what answers is no HTTP server: check the port',
    );
  });

  it('closes twice', async () => {
    const server = await serve();
    const client = clientTo(server.url);
    await client.post(hello, {}, signal);
    await client.close();
    await client.close();
    expect((await client.post(hello, {}, signal)).status).toBe(200);
  });
});

describe('push client over TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-push-'));
  execFileSync(fileURLToPath(new URL('../../../services/make-ca.sh', import.meta.url)), [directory]);
  afterAll(() => rmSync(directory, { recursive: true }));
  const file = (name: string) => join(directory, name);
  const certificate = { key: readFileSync(file('server.key')), cert: readFileSync(file('server.crt')) };
  const mutual = { ...certificate, ca: readFileSync(file('ca.crt')), requestCert: true, rejectUnauthorized: true };

  it('trusts the CA that it is given', async () => {
    const server = await serve(undefined, certificate);
    const answer = await clientTo(server.url, { tls: { caFile: file('ca.crt') } }).post(hello, {}, signal);
    expect(answer.status).toBe(200);
  });

  it('trusts no other, unless told not to look', async () => {
    const server = await serve(undefined, certificate);
    await expect(clientTo(server.url).post(hello, {}, signal)).rejects.toThrow('name the CA in tls.caFile');
    expect(server.seen).toEqual([]);
    expect((await clientTo(server.url, { tls: { verify: false } }).post(hello, {}, signal)).status).toBe(200);
  });

  it('trusts a CA that was put in the place of another, after the next failure', async () => {
    const caFile = file('renewed.crt');
    copyFileSync(file('client.crt'), caFile);
    const server = await serve(undefined, certificate);
    const client = clientTo(server.url, { tls: { caFile } });
    await expect(client.post(hello, {}, signal)).rejects.toThrow('name the CA in tls.caFile');
    copyFileSync(file('ca.crt'), caFile);
    expect((await client.post(hello, {}, signal)).status).toBe(200);
  });

  it('shows its own certificate', async () => {
    const server = await serve(undefined, mutual);
    const caFile = file('ca.crt');
    const own = { caFile, certFile: file('client.crt'), keyFile: file('client.key') };
    expect((await clientTo(server.url, { tls: own }).post(hello, {}, signal)).status).toBe(200);
    await expect(clientTo(server.url, { tls: { caFile } }).post(hello, {}, signal)).rejects.toThrow(
      'a client certificate',
    );
  });

  it('shows a renewed certificate to a server that answered and hung up', async () => {
    const subjects: unknown[] = [];
    const server = await serve((_, response) => response.writeHead(400, { Connection: 'close' }).end(), mutual);
    server.onSecure((socket) => subjects.push(socket.getPeerCertificate().subject.CN));
    const tls = { caFile: file('ca.crt'), certFile: file('own.crt'), keyFile: file('own.key') };
    const client = clientTo(server.url, { tls });
    for (const name of ['client', 'server']) {
      copyFileSync(file(`${name}.crt`), tls.certFile);
      copyFileSync(file(`${name}.key`), tls.keyFile);
      expect((await client.post(hello, {}, signal)).status).toBe(400);
    }
    expect(new Set(subjects).size).toBe(2);
  });

  it('says that the address should be another', async () => {
    const server = await serve();
    const plain = server.url.replace('http:', 'https:');
    await expect(clientTo(plain).post(hello, {}, signal)).rejects.toThrow('it speaks no TLS: is it an http:// address');
  });

  it('names the file that it cannot read', async () => {
    await expect(clientTo('https://m', { tls: { caFile: '/none' } }).post(hello, {}, signal)).rejects.toThrow(
      'cannot read tls.caFile /none: check its path and permissions',
    );
  });
});
