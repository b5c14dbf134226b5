import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { eventText, Viewers } from '../../../pipeline/page/viewers.ts';
import { startOps } from '../../../pipeline/runtime/ops.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { fleetOf, hostName, partitionsOf, polled, type Scene, startScene, uuid } from './scene.ts';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function scene(...options: Parameters<typeof startScene>): Promise<Scene> {
  const started = await startScene(...options);
  ends.push(started.close);
  return started;
}

const get = ({ ops }: Scene, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  new Promise<{ status: number | undefined; headers: Readonly<Record<string, unknown>>; body: string }>(
    (resolve, reject) => {
      request({ host: '127.0.0.1', port: ops.port, path, method, agent: false, headers }, async (response) => {
        resolve({ status: response.statusCode, headers: response.headers, body: await text(response) });
      })
        .once('error', reject)
        .end();
    },
  );

/** A viewer's socket, with what it has read so far. */
function viewer(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  let read = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    read += chunk;
  });
  socket.on('error', () => undefined);
  socket.write('GET /page/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
  ends.push(() => void socket.destroy());
  return { socket, read: () => read };
}

describe('the files of the page', () => {
  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/page/app.js', 'text/javascript; charset=utf-8'],
    ['/page/frame.css', 'text/css; charset=utf-8'],
    ['/page/uplot.js', 'text/javascript; charset=utf-8'],
    ['/page/icon.svg', 'image/svg+xml'],
  ])('%s', async (path, type) => {
    const { status, headers } = await get(await scene(), path);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': type,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(headers['content-security-policy']).not.toContain('unsafe');
  });

  it('hold no script and no style of their own, and name nothing elsewhere', async () => {
    const { body } = await get(await scene(), '/');
    expect(body).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=|https?:/);
  });

  it('come packed to whom takes it so', async () => {
    const at = await scene();
    const plain = await get(at, '/page/uplot.js');
    const packed = await get(at, '/page/uplot.js', { 'accept-encoding': 'br, gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(Number(packed.headers['content-length'])).toBeLessThan(Number(plain.headers['content-length']) / 2);
  });

  it('are read alone', async () => {
    expect((await get(await scene(), '/', {}, 'POST')).status).toBe(405);
    expect(await get(await scene(), '/', {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  it.each(['/page/../package.json', '/page/tsconfig.json', '/page/', '/page/%2e%2e/model.ts'])(
    'are all: %s is none',
    async (path) => {
      expect((await get(await scene(), path)).status).toBe(404);
    },
  );
});

describe('on loopback', () => {
  it.each([
    ['localhost', 200],
    ['localhost:9464', 200],
    ['127.0.0.1:9464', 200],
    ['[::1]:9464', 200],
    ['page.example', 421],
    ['127.0.0.1.example:9464', 421],
  ])('a request to %s is %i', async (host, status) => {
    expect((await get(await scene(), '/page/config', { host })).status).toBe(status);
  });

  it('no name is refused where others may look', async () => {
    expect((await get(await scene({ isLoopback: false }), '/page/config', { host: 'page.example' })).status).toBe(200);
  });
});

describe('VMs', () => {
  it('are found by name, uuid and host, and the first are shown', async () => {
    const at = await scene();
    partitionsOf(
      at,
      Array.from({ length: 450 }, (_, n) => `web-${n}`),
    );
    const find = async (words: string) => JSON.parse((await get(at, `/page/vms?${words}`)).body);
    expect(await find('')).toMatchObject({ known: 450, matching: 450, rows: { length: 200 } });
    expect(await find('find=WEB-44')).toMatchObject({ matching: 11 });
    expect(await find(`find=${uuid(7)}`)).toMatchObject({
      rows: [{ id: uuid(7), name: 'web-7', host: hostName(0), state: 'RUNNING', cpu: null }],
    });
    expect((await find('find=kvm-0003')).matching).toBe(64);
  });

  it('that nobody knows have no windows, and what is no uuid is refused', async () => {
    const at = await scene();
    expect((await get(at, `/page/vm?id=${uuid(7)}`)).body).toBe('null');
    expect((await get(at, '/page/vm?id=../../etc')).status).toBe(400);
  });
});

describe('viewers', () => {
  it('are told everything at first, then what changes, every second', async () => {
    const clock = handClock();
    const at = await scene({}, { clock });
    fleetOf(at, 3);
    const one = viewer(at.ops.port);
    await expect.poll(one.read).toContain('event: overview');
    expect(one.read()).toContain('"isAll":true');
    at.tell(polled('kvm-new', clock.now(), 5));
    await clock.advance(1000);
    await expect.poll(one.read).toMatch(/"changed":\[\{"id":"libvirt\/kvm-new".*"gone":\[\]\}/);
    const beats = () => one.read().split('event: overview').length - 1;
    const before = beats();
    await clock.advance(1000);
    await expect.poll(beats).toBe(before + 1);
  });

  it('are so many at most; one that goes makes room', async () => {
    const at = await scene({}, { clock: handClock() });
    const first = Array.from({ length: 16 }, () => viewer(at.ops.port));
    for (const { read } of first) await expect.poll(read).toContain('200 OK');
    expect(await get(at, '/page/events')).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
    first[0]?.socket.destroy();
    const late = () => viewer(at.ops.port);
    await expect
      .poll(async () => {
        const { socket, read } = late();
        await new Promise((resolve) => socket.once('data', resolve));
        return read();
      })
      .toContain('200 OK');
  });

  it('that do not read are let go of', async () => {
    const viewers = new Viewers(16, 100_000);
    const ops = await startOps({
      listen: { host: '127.0.0.1', port: 0 },
      registry: new Registry(),
      reasons: () => [],
      routes: { '/page/events': () => ({ type: 'text/event-stream', open: (response) => viewers.add(response, []) }) },
    });
    ends.push(() => ops.close());
    const [slow, quick] = [viewer(ops.port), viewer(ops.port)];
    await expect.poll(() => viewers.size).toBe(2);
    slow.socket.pause();
    const word = eventText('fleet', 'x'.repeat(50_000));
    await expect
      .poll(
        () => {
          viewers.tell(word);
          return viewers.dropped;
        },
        { interval: 1, timeout: 20_000 },
      )
      .toBe(1);
    expect(viewers.size).toBe(1);
    viewers.tell(eventText('fleet', 'last'));
    await expect.poll(quick.read).toContain('data: "last"');
  });
});

it('a name cannot end an event early', () => {
  expect(eventText('fleet', { name: 'a\n\nevent: overview\ndata: {}' }).split('\n')).toHaveLength(4);
});

describe('a fault of the page itself', () => {
  it('is told to those who look, and harms nobody else', async () => {
    const clock = handClock();
    const at = await scene({}, { clock });
    const one = viewer(at.ops.port);
    await expect.poll(one.read).toContain('event: overview');
    at.page.watch(() => {
      throw new Error('no partitions today');
    });
    await clock.advance(1000);
    await expect.poll(one.read).toContain('event: fault\ndata: {"message":"no partitions today"}');
    expect((await get(at, '/page/vms')).status).toBe(500);
    at.page.watch(() => []);
    await clock.advance(1000);
    await expect.poll(() => one.read().split('event: overview').length).toBe(3);
  });
});
