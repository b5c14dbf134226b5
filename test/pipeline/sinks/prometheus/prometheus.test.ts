import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { prometheus, prometheusConfig } from '../../../../pipeline/sinks/prometheus/prometheus.ts';
import { aContext } from '../a-context.ts';
import { aSample } from '../a-sample.ts';
import { aServer, type Seen, statuses } from '../push/a-server.ts';
import { decodeV1, decodeV2 } from './decode.ts';

const { signal } = new AbortController();
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function sinkTo(respond: (seen: Seen, response: ServerResponse) => void, config: object = {}) {
  const server = await aServer(respond);
  const surroundings = aContext();
  const url = `${server.url}/api/v1/write`;
  const sink = prometheus.create(prometheusConfig.parse({ type: 'prometheus', url, ...config }), surroundings.context);
  open.push(sink, server);
  const versions = () => server.seen.map(({ headers }) => headers['x-prometheus-remote-write-version']);
  return { ...surroundings, sink, seen: server.seen, versions };
}

const isV2 = ({ headers }: Seen) => headers['content-type']?.includes('io.prometheus.write.v2') ?? false;
/** A receiver of both, that says how much it stored. */
const modern = (seen: Seen, response: ServerResponse) => {
  const written = decodeV2(seen.body).series.length;
  response.writeHead(204, { 'X-Prometheus-Remote-Write-Samples-Written': String(written) }).end();
};
/** A receiver of 1.0, which does not look at the version. */
const old = (_: Seen, response: ServerResponse) => response.writeHead(204).end();

const since = aSample().windowStart;
const batch = [aSample({ since }), aSample({ name: 'cpu_util', type: 'gauge', unit: '%', volume: 0.1 })];

describe('prometheus sink', () => {
  it('writes 2.0 with units, types and starts', async () => {
    const { sink, seen } = await sinkTo(modern);
    await sink.publish(batch, signal);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.path).toBe('/api/v1/write');
    expect(seen[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '2.0.0',
    });
    const { symbols, series } = decodeV2(seen[0]?.body ?? Buffer.alloc(0));
    expect(symbols[0]).toBe('');
    expect(new Set(symbols).size).toBe(symbols.length);
    const timeMs = aSample().timestamp / 1000;
    expect(series).toMatchObject([
      { samples: [[timeMs, 301230000000, since / 1000]], metadata: [[1, 'ns']] },
      { samples: [[timeMs, 0.1, 0]], metadata: [[2, '%']] },
    ]);
    expect(series[1]?.labels.slice(0, 2)).toEqual(['__name__', 'ceilometer_cpu_util']);
  });

  it.each<[string, (seen: Seen, response: ServerResponse) => void]>([
    ['refuses 2.0', (seen, response) => response.writeHead(isV2(seen) ? 415 : 204).end()],
    ['takes 2.0 without storing anything', old],
  ])('writes 1.0 to a receiver that %s, from then on', async (_what, respond) => {
    const { sink, seen, versions, dead } = await sinkTo(respond);
    await sink.publish(batch, signal);
    await sink.publish(batch, signal);
    expect(versions()).toEqual(['2.0.0', '0.1.0', '0.1.0']);
    expect(seen[1]?.headers['content-type']).toBe('application/x-protobuf');
    const timeMs = aSample().timestamp / 1000;
    expect(decodeV1(seen[1]?.body ?? Buffer.alloc(0))).toMatchObject([
      { samples: [[timeMs, 301230000000]] },
      { labels: expect.arrayContaining(['ceilometer_cpu_util']), samples: [[timeMs, 0.1]] },
    ]);
    expect(decodeV1(seen[0]?.body ?? Buffer.alloc(0))).toEqual([]);
    expect(dead).toEqual([]);
  });

  it('writes 1.0 alone if told to', async () => {
    const { sink, versions } = await sinkTo(old, { version: '1.0' });
    await sink.publish(batch, signal);
    expect(versions()).toEqual(['0.1.0']);
  });

  it('takes nothing as delivered from a receiver of 1.0 if told to write 2.0', async () => {
    const { sink } = await sinkTo(old, { version: '2.0' });
    await expect(sink.publish(batch, signal)).rejects.toThrow('set version to 1.0 or auto');
  });

  it('does not take a server in trouble for an old one', async () => {
    const { sink, versions } = await sinkTo((seen, response) => {
      if (versions().length < 2) response.writeHead(503).end();
      else modern(seen, response);
    });
    await expect(sink.publish(batch, signal)).rejects.toThrow('answer 503');
    await sink.publish(batch, signal);
    expect(versions()).toEqual(['2.0.0', '2.0.0']);
  });

  it('writes one instant after the other', async () => {
    const { sink, seen } = await sinkTo(modern);
    const at = (minutes: number) => aSample({ timestamp: aSample().timestamp + minutes * 60_000_000 });
    await sink.publish([at(2), at(0), at(1), at(0)], signal);
    const times = seen.map(({ body }) => decodeV2(body).series.map(({ samples }) => samples[0]?.[0]));
    expect(times).toEqual([0, 1, 2].map((minutes) => [at(minutes).timestamp / 1000]));
  });

  it('leaves out what is refused, with the reason', async () => {
    const { sink, dead, events } = await sinkTo((seen, response) => {
      if (!decodeV2(seen.body).symbols.includes('ceilometer_cpu_util')) modern(seen, response);
      else response.writeHead(400).end('out of order sample\n');
    });
    await sink.publish(batch, signal);
    expect(dead).toMatchObject([{ reason: 'refused', samples: [{ name: 'cpu_util' }] }]);
    expect(events[0]).toHaveProperty('error.message', expect.stringContaining('answer 400: out of order sample'));
  });

  const wrote = (samples: number) => ({ 'X-Prometheus-Remote-Write-Samples-Written': String(samples) });
  it.each([
    ['its instant is out of bounds', 'out of bounds for series {a="b"}\n'],
    ['every sample is out of order', 'out of order sample for series {a="b"}\n'.repeat(batch.length)],
  ])('leaves out a request at once of which nothing was written as %s', async (_what, words) => {
    const { sink, seen, dead } = await sinkTo((_, response) => response.writeHead(400, wrote(0)).end(words));
    await sink.publish(batch, signal);
    expect(seen).toHaveLength(1);
    expect(dead).toMatchObject([{ reason: 'refused', samples: [{ name: 'cpu' }, { name: 'cpu_util' }] }]);
  });

  it('looks for what is refused where a server says that it wrote nothing for one of many', async () => {
    const { sink, dead } = await sinkTo((seen, response) => {
      if (!decodeV2(seen.body).symbols.includes('ceilometer_cpu_util')) modern(seen, response);
      else response.writeHead(400, wrote(0)).end('out of order sample for series {a="b"}\n');
    });
    await sink.publish(batch, signal);
    expect(dead).toMatchObject([{ reason: 'refused', samples: [{ name: 'cpu_util' }] }]);
  });

  it('keeps everything while the path is wrong', async () => {
    const { sink, dead } = await sinkTo(statuses(404), { version: '1.0' });
    await expect(sink.publish(batch, signal)).rejects.toThrow('check the path of url');
    expect(dead).toEqual([]);
  });
});

describe('prometheus configuration', () => {
  it.each([
    [{ labels: { resource_id: 'x' } }, 'there is a label resource_id already'],
    [{ labels: { __name__: 'x' } }, 'not two of these first'],
    [{ labels: { a: 'x' }, metadataLabels: ['a'] }, 'there is a label a already'],
    [{ metadataLabels: ['project-id'] }, 'there is a label project_id already'],
    [{ prefix: '1' }, 'must be letters'],
    [{ version: '3.0' }, 'Invalid option'],
  ])('refuses %j', (fields, message) => {
    const { error } = prometheusConfig.safeParse({ type: 'prometheus', url: 'http://p', ...fields });
    expect(JSON.stringify(error?.issues)).toContain(message);
  });
});
