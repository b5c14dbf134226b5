import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { otlp, otlpConfig } from '../../../../pipeline/sinks/otlp/otlp.ts';
import { available } from '../../../services/service.ts';
import { aContext } from '../a-context.ts';
import { aSample } from '../a-sample.ts';

const { signal } = new AbortController();
const MINUTE_US = 60_000_000;
const server = 'http://127.0.0.1:19393';

describe.skipIf(!(await available('prometheus3')))('the OTLP receiver of Prometheus [prometheus3]', () => {
  it('stores counters and gauges, and refuses deltas, which are left out', async () => {
    const { context, dead, events } = aContext();
    const url = `${server}/api/v1/otlp/v1/metrics`;
    const sink = otlp.create(otlpConfig.parse({ type: 'otlp', url }), context);
    const id = randomUUID();
    const timestamp = Math.floor((Date.now() * 1000) / MINUTE_US) * MINUTE_US;
    const times = { timestamp, windowStart: timestamp - MINUTE_US, windowEnd: timestamp };
    const resource = { ...aSample().resource, id, metadata: { instance_id: id, disk_name: 'vda' } };
    const delta = aSample({ ...times, resource, name: 'cpu.delta', type: 'delta', volume: 5 });
    await sink.publish(
      [
        aSample({ ...times, resource, since: timestamp - 5 * MINUTE_US }),
        delta,
        aSample({ ...times, resource, name: 'cpu_util', type: 'gauge', unit: '%', volume: 12.5 }),
      ],
      signal,
    );
    await sink.close();
    expect(dead.map(({ reason, samples }) => [reason, samples])).toEqual([['refused', [delta]]]);
    expect(events).toContainEqual({ event: 'sample.dropped', sink: sink.name, reason: 'refused', count: 1 });
    const query = encodeURIComponent(`{resource_id="${id}"}[1h]`);
    const response = await fetch(`${server}/api/v1/query?query=${query}&time=${timestamp / 1e6}`);
    const { data } = (await response.json()) as { data: { result: { metric: object; values: unknown }[] } };
    const seconds = timestamp / 1e6;
    const found = data.result.map(({ metric, values }) => ({ ...metric, values }));
    expect(found).toMatchObject([
      {
        __name__: 'ceilometer_cpu_nanoseconds_total',
        device: 'vda',
        window: '60s',
        // The server makes the first one of the start.
        values: [
          [seconds - 300, '0'],
          [seconds, '301230000000'],
        ],
      },
      { __name__: 'ceilometer_cpu_util_percent', values: [[seconds, '12.5']] },
    ]);
  });
});
