import { afterEach, describe, expect, it } from 'vitest';
import { float64 } from '../../../../pipeline/sinks/float64.ts';
import { http, httpConfig } from '../../../../pipeline/sinks/http/http.ts';
import { aContext } from '../a-context.ts';
import { aSample, withMetadata } from '../a-sample.ts';
import { parseLossless } from '../lossless-json.ts';
import { aServer, statuses } from '../push/a-server.ts';

const { signal } = new AbortController();
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function sinkAndServer(config: object = {}, respond = statuses()) {
  const server = await aServer(respond);
  const surroundings = aContext();
  const url = `${server.url}/v1/samples`;
  const sink = http.create(httpConfig.parse({ type: 'http', url, ...config }), surroundings.context);
  open.push(sink, server);
  return { ...surroundings, sink, seen: server.seen };
}

describe('http sink', () => {
  it("posts an array of samples with Ceilometer's keys", async () => {
    const { sink, seen } = await sinkAndServer();
    await sink.publish([aSample({ volume: 2n ** 64n - 1n }), aSample({ volume: 0.1 })], signal);
    expect(seen).toMatchObject([{ path: '/v1/samples', headers: { 'content-type': 'application/json' } }]);
    const [first, second] = Object.values(parseLossless(String(seen[0]?.body)));
    expect(first).toEqual({
      name: 'cpu',
      type: 'cumulative',
      unit: 'ns',
      volume: 2n ** 64n - 1n,
      user_id: 'u1',
      user_name: null,
      project_id: 'p1',
      project_name: null,
      resource_id: '178b0921-8f85-4257-88b6-2e743b5a975c',
      timestamp: '2026-11-22T14:00:00+00:00',
      resource_metadata: expect.objectContaining({ display_name: 'web-01' }),
      source: 'openstack',
      id: '5a1c9d3e-c7a1-51f0-9c3e-0242ac120002',
      monotonic_time: null,
    });
    expect(second).toMatchObject({ volume: float64(0.1) });
  });

  it('posts one object a request if asked', async () => {
    const { sink, seen } = await sinkAndServer({ batch: false, timestamps: 'naive', source: 'lab' });
    await sink.publish([aSample({ name: 'a' }), aSample({ name: 'b' })], signal);
    expect(seen.map(({ body }) => JSON.parse(String(body)))).toMatchObject([
      { name: 'a', source: 'lab', timestamp: '2026-11-22T14:00:00' },
      { name: 'b' },
    ]);
  });

  it('packs what it sends if asked, and adds what Ceilometer has no place for', async () => {
    const { sink, seen } = await sinkAndServer({ compression: 'gzip', annotate: true });
    await sink.publish([aSample({ quality: 'lower_bound', flags: ['reset'] })], signal);
    expect(seen[0]?.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(String(seen[0]?.body))).toMatchObject([
      { resource_metadata: { vcpus: 2, hypermeter: { quality: 'lower_bound', flags: ['reset'], coverage: 1 } } },
    ]);
  });

  it('sends batches of bounded size', async () => {
    const { sink, seen, events } = await sinkAndServer({ maxSamples: 10, maxBytes: '4kB' });
    const large = { text: 'x'.repeat(1500) };
    await sink.publish(
      Array.from({ length: 25 }, () => withMetadata(large)),
      signal,
    );
    expect(Math.max(...seen.map(({ body }) => body.length))).toBeLessThanOrEqual(4000);
    expect(seen.flatMap(({ body }) => JSON.parse(String(body)))).toHaveLength(25);
    expect(events).toEqual([]);
  });

  it('rejects while the server is not well, and delivers the same ids later', async () => {
    const { sink, seen } = await sinkAndServer({}, statuses(503));
    await expect(sink.publish([aSample()], signal)).rejects.toThrow(`${sink.name}: answer 503: as told`);
    await sink.publish([aSample()], signal);
    expect(String(seen[0]?.body)).toBe(String(seen[1]?.body));
  });

  it('goes on after close', async () => {
    const { sink, seen } = await sinkAndServer();
    await sink.publish([aSample()], signal);
    await sink.close();
    await sink.close();
    await sink.publish([aSample()], signal);
    expect(seen).toHaveLength(2);
  });
});

describe('http configuration', () => {
  it.each([{ url: undefined }, { maxSamples: 0 }, { maxBytes: '1B' }, { unknown: 1 }, { compression: 'br' }])(
    'refuses %j',
    (fields) => {
      expect(httpConfig.safeParse({ type: 'http', url: 'http://c', ...fields }).success).toBe(false);
    },
  );
});
