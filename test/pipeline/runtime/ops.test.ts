import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Counter, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { OpsError, type OpsServer, startOps } from '../../../pipeline/runtime/ops.ts';

const servers: OpsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(reasons: readonly string[] = []) {
  const registry = new Registry();
  new Counter({ name: 'beats_total', help: 'Beats.', registers: [registry] }).inc(3);
  const routes = {
    '/boom': () => {
      throw new Error('boom');
    },
  };
  const server = await startOps({ listen: { host: '127.0.0.1', port: 0 }, registry, reasons: () => reasons, routes });
  servers.push(server);
  return server;
}

const get = (port: number, path: string, method = 'GET') =>
  new Promise<{ status: number | undefined; body: string; allow: string | undefined }>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, agent: false }, async (response) => {
      resolve({ status: response.statusCode, body: await text(response), allow: response.headers.allow });
    })
      .once('error', reject)
      .end();
  });

describe('the operator port', () => {
  it.each([
    ['/healthz', 200, 'ok\n'],
    ['/readyz', 200, '{"ready":true,"reasons":[]}\n'],
    ['/metrics', 200, '# HELP beats_total Beats.\n# TYPE beats_total counter\nbeats_total 3\n'],
    ['/metrics?x=1', 200, expect.stringContaining('beats_total 3')],
    ['/', 200, 'Hypermeter\n\n/\n/boom\n/healthz\n/metrics\n/readyz\n'],
    ['/nowhere', 404, expect.any(String)],
    ['/constructor', 404, expect.any(String)],
    ['/boom', 500, 'boom\n'],
  ])('GET %s is %i', async (path, status, body) => {
    const { port } = await serve();
    expect(await get(port, path)).toMatchObject({ status, body });
  });

  it('is not ready while there are reasons, and alive all the same', async () => {
    const { port } = await serve(['kafka is not started']);
    expect(await get(port, '/readyz')).toMatchObject({
      status: 503,
      body: '{"ready":false,"reasons":["kafka is not started"]}\n',
    });
    expect((await get(port, '/healthz')).status).toBe(200);
  });

  it('only reads', async () => {
    const { port } = await serve();
    expect(await get(port, '/healthz', 'POST')).toMatchObject({ status: 405, allow: 'GET, HEAD' });
    expect(await get(port, '/healthz', 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  it('refuses headers without end', async () => {
    const { port } = await serve();
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 431 /);
  });

  it('says what to do when its port is taken', async () => {
    const { port } = await serve();
    const second = startOps({ listen: { host: '127.0.0.1', port }, registry: new Registry(), reasons: () => [] });
    await expect(second).rejects.toThrow(OpsError);
    await expect(second).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: another program listens there; choose another address for ops.listen, or off`,
    );
  });

  it('closes twice as once, with connections open', async () => {
    const server = await serve();
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    await Promise.all([server.close(), server.close()]);
    expect(await text(socket)).toBe('');
  });
});
