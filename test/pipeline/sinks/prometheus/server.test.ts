import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { prometheus, prometheusConfig } from '../../../../pipeline/sinks/prometheus/prometheus.ts';
import { available } from '../../../services/service.ts';
import { aContext } from '../a-context.ts';
import { aSample } from '../a-sample.ts';

const { signal } = new AbortController();
const MINUTE_US = 60_000_000;
/** Servers take nothing that is much older than the newest they have. */
const now = Math.floor((Date.now() * 1000) / MINUTE_US) * MINUTE_US;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

function sinkTo(server: string, config: object = {}) {
  const surroundings = aContext();
  const run = randomUUID();
  const settings = { type: 'prometheus', url: `${server}/api/v1/write`, labels: { run }, ...config };
  const sink = prometheus.create(prometheusConfig.parse(settings), surroundings.context);
  open.push(sink);
  /** The series of this sink alone as the server has them: name to labels, times in seconds and values as texts. */
  const stored = async () => {
    const query = encodeURIComponent(`{run="${run}"}[2h]`);
    const response = await fetch(`${server}/api/v1/query?query=${query}&time=${now / 1e6 + 3600}`);
    const { data } = (await response.json()) as { data: { result: Stored[] } };
    return data.result;
  };
  return { ...surroundings, sink, stored };
}

interface Stored {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

const at = (minutesAgo: number, changes: Partial<Sample> = {}): Sample => {
  const timestamp = now - minutesAgo * MINUTE_US;
  return aSample({ timestamp, windowStart: timestamp - MINUTE_US, windowEnd: timestamp, ...changes });
};

const VOLUMES = [0, 5, 2n ** 53n + 1n, 2n ** 64n - 1n, 0.1, 1 / 3, 1e-300, -7, 5e-324, 12_345.678_9];
const VERSIONS = [
  ['prometheus', 'http://127.0.0.1:19392'],
  ['prometheus3', 'http://127.0.0.1:19393'],
] as const;

for (const [service, server] of VERSIONS) {
  describe.skipIf(!(await available(service)))(`a real Prometheus [${service}]`, () => {
    it.each(['auto', '1.0'])('stores the values of the samples (%s)', async (version) => {
      const { sink, stored, events } = sinkTo(server, { version });
      const batch = VOLUMES.flatMap((volume, i) =>
        [3, 2, 1].map((ago) => at(ago, { name: `m.${i}`, type: 'gauge', unit: 'B', volume, since: null })),
      );
      await sink.publish(batch, signal);
      const found = new Map((await stored()).map(({ metric, values }) => [metric.__name__, values]));
      const expected = VOLUMES.map((volume, i) => [
        `ceilometer_m_${i}`,
        [3, 2, 1].map((ago) => [at(ago).timestamp / 1e6, Number(volume)]),
      ]);
      expect([...found].map(([name, values]) => [name, values.map(([time, value]) => [time, Number(value)])])).toEqual(
        expect.arrayContaining(expected),
      );
      expect(found.size).toBe(VOLUMES.length);
      expect(events).toEqual([]);
    });

    it('stores a counter of a device', async () => {
      const { sink, stored, events } = sinkTo(server);
      const metadata = { instance_id: 'i', disk_name: 'vda' };
      const resource = { ...aSample().resource, metadata };
      await sink.publish(
        [2, 1].map((ago) => at(ago, { volume: 10 - ago, resource })),
        signal,
      );
      expect(await stored()).toMatchObject([
        {
          metric: {
            __name__: 'ceilometer_cpu_total',
            device: 'vda',
            instance_id: 'i',
            project_id: 'p1',
            window: '60s',
          },
          values: [
            [expect.any(Number), '8'],
            [expect.any(Number), '9'],
          ],
        },
      ]);
      expect(events).toEqual([]);
    });

    it('takes a batch again, and has it once', async () => {
      const { sink, stored, dead } = sinkTo(server);
      const batch = ['a', 'b'].map((name) => at(1, { name }));
      await sink.publish(batch, signal);
      await sink.publish([...batch], signal);
      expect((await stored()).map(({ values }) => values.length)).toEqual([1, 1]);
      expect(dead).toEqual([]);
    });

    it('refuses what is out of order or another value of the same time, which is left out, and takes the rest', async () => {
      const { sink, stored, dead, events } = sinkTo(server);
      await sink.publish([at(2, { name: 'a', volume: 1 })], signal);
      const another = at(2, { name: 'a', volume: 2, revision: 1 });
      const older = at(3, { name: 'a', volume: 3 });
      await sink.publish([at(2, { name: 'b' }), another, older, at(2, { name: 'c' }), at(1, { name: 'a' })], signal);
      expect(dead.flatMap(({ reason, samples }) => samples.map((sample) => [reason, sample]))).toEqual([
        ['refused', older],
        ['refused', another],
      ]);
      const names = (await stored()).map(({ metric, values }) => [metric.__name__, values.length]);
      expect(names.sort()).toEqual([
        ['ceilometer_a_total', 2],
        ['ceilometer_b_total', 1],
        ['ceilometer_c_total', 1],
      ]);
      expect(events.filter(({ event }) => event === 'publish.failed')).toHaveLength(2);
    });

    it('is told by a wrong path', async () => {
      const { sink } = sinkTo(server, { url: `${server}/api/v1/wirte` });
      await expect(sink.publish([at(1)], signal)).rejects.toThrow('check the path of url');
    });
  });
}

describe.skipIf(!(await available('prometheus')))('a Prometheus that knows 1.0 alone [prometheus]', () => {
  it('answers 2.0 as if it had stored it, and is found out', async () => {
    const server = 'http://127.0.0.1:19392';
    const { sink, stored } = sinkTo(server, { version: '2.0' });
    await expect(sink.publish([at(1)], signal)).rejects.toThrow('answer 204: it does not know remote-write 2.0');
    expect(await stored()).toEqual([]);
    const auto = sinkTo(server);
    await auto.sink.publish([at(1)], signal);
    expect(await auto.stored()).toHaveLength(1);
  });
});

describe.skipIf(!(await available('prometheus3')))('a Prometheus that knows 2.0 [prometheus3]', () => {
  it('is told types, units and since when a counter counts', async () => {
    const { sink, stored, events } = sinkTo('http://127.0.0.1:19393', { version: '2.0' });
    const since = now - 5 * MINUTE_US;
    await sink.publish([at(2, { since, volume: 8 }), at(1, { since, volume: 9 })], signal);
    await sink.publish([at(1, { name: 'x', unit: 'MiB', type: 'gauge' })], signal);
    await sink.publish([at(1, { name: 'y', since: null, volume: 9 })], signal);
    const seen = (await stored()).map(({ metric, values }) => [
      metric.__name__,
      metric.__type__,
      metric.__unit__,
      values,
    ]);
    const secondsAt = (ago: number) => at(ago).timestamp / 1e6;
    expect(seen.sort()).toEqual([
      // The server makes the first one of the start.
      [
        'ceilometer_cpu_total',
        'counter',
        'ns',
        [
          [secondsAt(5), '0'],
          [secondsAt(2), '8'],
          [secondsAt(1), '9'],
        ],
      ],
      ['ceilometer_x', 'gauge', 'MiB', [[secondsAt(1), '301230000000']]],
      ['ceilometer_y_total', 'counter', 'ns', [[secondsAt(1), '9']]],
    ]);
    expect(events).toEqual([]);
  });
});

describe.skipIf(!(await available('prometheus3')))('a Prometheus that knows 2.0 [prometheus3]', () => {
  it.each([
    ['out of order', 3],
    ['out of bounds', 10 * 24 * 60],
  ])('is not asked for each sample where all are %s', async (words, minutesAgo) => {
    const { sink, dead, events } = sinkTo('http://127.0.0.1:19393');
    const fleet = (ago: number) => Array.from({ length: 100 }, (_, i) => at(ago, { name: `m.${i}` }));
    await sink.publish(fleet(2), signal);
    await sink.publish(fleet(minutesAgo), signal);
    expect(dead.flatMap(({ samples }) => samples)).toHaveLength(100);
    expect(events.filter(({ event }) => event === 'publish.failed')).toMatchObject([
      { error: { message: expect.stringMatching(`refuses 100 of 100 samples: .*${words}`) } },
    ]);
  });
});
