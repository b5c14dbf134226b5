import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { otlp, otlpConfig } from '../../../../pipeline/sinks/otlp/otlp.ts';
import { type OtelCollector, plainAttributes, startOtelCollector } from '../../../services/otel-collector.ts';
import { available } from '../../../services/service.ts';
import { aContext } from '../a-context.ts';
import { aSample } from '../a-sample.ts';

const { signal } = new AbortController();

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface Points {
  readonly dataPoints: readonly (Readonly<Record<string, unknown>> & { readonly attributes: readonly Attribute[] })[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}
interface Metric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: Points;
  readonly sum?: Points;
}
interface Exported {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string };
      readonly metrics: readonly Metric[];
    }[];
  }[];
}

describe.skipIf(!(await available('otelcol')))('a real OpenTelemetry Collector [otelcol]', () => {
  let collector: OtelCollector;
  let url: string;

  beforeAll(async () => {
    collector = await startOtelCollector('metrics');
    url = `${collector.url}/v1/metrics`;
  }, 30_000);
  afterAll(() => collector.stop());

  /** What the collector exported of a batch: a line a request. */
  async function collected(config: object, batch: readonly Sample[]) {
    const before = await collector.lines();
    const requests = new Set(batch.map(({ timestamp }) => timestamp)).size;
    const surroundings = aContext();
    const sink = otlp.create(otlpConfig.parse({ type: 'otlp', url, ...config }), surroundings.context);
    await sink.publish(batch, signal);
    await sink.close();
    await expect.poll(async () => (await collector.lines()).length, { timeout: 5000 }).toBe(before.length + requests);
    const exported = (await collector.lines()).slice(before.length).map((line) => JSON.parse(line) as Exported);
    const machines = exported.flatMap(({ resourceMetrics }) => resourceMetrics);
    const metrics = machines.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return { ...surroundings, machines, metrics };
  }

  it('reads cumulative and delta sums with their starts, and gauges', async () => {
    const sample = aSample();
    const since = sample.windowStart - 3_600_000_000;
    const { metrics, events } = await collected({}, [
      aSample({ since }),
      aSample({ name: 'network.incoming.bytes', unit: 'B', since: null }),
      aSample({ name: 'cpu.delta', type: 'delta', volume: 5 }),
      aSample({ name: 'cpu_util', type: 'gauge', unit: '%', volume: 12.5 }),
    ]);
    const timeUnixNano = `${BigInt(sample.timestamp) * 1000n}`;
    const attributes = expect.anything();
    const sum = (aggregationTemporality: number, point: object) => ({
      dataPoints: [{ attributes, timeUnixNano, ...point }],
      aggregationTemporality,
      isMonotonic: true,
    });
    const startOf = (us: number) => ({ startTimeUnixNano: `${BigInt(us) * 1000n}` });
    expect(metrics).toEqual([
      { name: 'ceilometer.cpu', unit: 'ns', sum: sum(2, { ...startOf(since), asInt: '301230000000' }) },
      { name: 'ceilometer.network.incoming.bytes', unit: 'By', sum: sum(2, { asInt: '301230000000' }) },
      { name: 'ceilometer.cpu.delta', unit: 'ns', sum: sum(1, { ...startOf(sample.windowStart), asInt: '5' }) },
      { name: 'ceilometer.cpu_util', unit: '%', gauge: { dataPoints: [{ attributes, timeUnixNano, asDouble: 12.5 }] } },
    ]);
    expect(events).toEqual([]);
  });

  it('reads every integer that there is, and every double', async () => {
    const integers = [0n, 1n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    const doubles = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308 / 3 + 0.5, -2.5];
    const { metrics } = await collected({}, [
      ...integers.map((volume, i) => aSample({ name: `i${i}`, type: 'gauge', volume })),
      ...doubles
        .filter((volume) => !Number.isInteger(volume))
        .map((volume, i) => aSample({ name: `d${i}`, type: 'gauge', volume })),
    ]);
    const points = metrics.flatMap(({ gauge }) => gauge?.dataPoints ?? []);
    expect(points.flatMap(({ asInt }) => (asInt === undefined ? [] : [BigInt(String(asInt))]))).toEqual(integers);
    expect(points.flatMap(({ asDouble }) => asDouble ?? [])).toEqual(doubles.filter((each) => !Number.isInteger(each)));
  });

  it('reads a machine once, with its devices', async () => {
    const base = aSample();
    const machine = {
      instance_id: base.resource.id,
      display_name: 'wéb',
      instance_type: 'm1.small',
      'OS-EXT-AZ:availability_zone': 'az1',
    };
    const of = (id: string, device: object) => ({ ...base.resource, id, metadata: { ...machine, ...device } });
    const { machines } = await collected({}, [
      aSample({ name: 'r', resource: of(`${base.resource.id}-vda`, { disk_name: 'vda' }) }),
      aSample({ name: 'r', resource: of(`${base.resource.id}-vdb`, { disk_name: 'vdb' }) }),
      aSample({ name: 'n', resource: of('tap', { mac: 'fa:16:3e:00:00:01' }) }),
      aSample({ resource: { ...of('b', {}), metadata: { instance_id: 'b' }, projectId: null, userId: null } }),
    ]);
    expect(machines.map(({ resource }) => plainAttributes(resource.attributes))).toEqual([
      {
        'host.id': base.resource.id,
        'host.name': 'wéb',
        'host.type': 'm1.small',
        'cloud.account.id': 'p1',
        'cloud.availability_zone': 'az1',
        'openstack.project.id': 'p1',
        'openstack.user.id': 'u1',
      },
      { 'host.id': 'b' },
    ]);
    const [scope] = machines[0]?.scopeMetrics ?? [];
    expect(scope?.scope.name).toBe('hypermeter');
    expect(
      scope?.metrics.map(({ sum }) => sum?.dataPoints.map(({ attributes }) => plainAttributes(attributes))),
    ).toEqual([
      [
        { 'resource.id': `${base.resource.id}-vda`, device: 'vda', window: '60s' },
        { 'resource.id': `${base.resource.id}-vdb`, device: 'vdb', window: '60s' },
      ],
      [{ 'resource.id': 'tap', device: 'fa:16:3e:00:00:01', window: '60s' }],
    ]);
  });

  it('reads what is known of how values came about, if asked', async () => {
    const { metrics } = await collected({ annotate: true, prefix: '', compression: 'none' }, [
      aSample({ quality: 'lower_bound', coverage: 0.25, flags: ['reset', 'late'], revision: 2 }),
      aSample({ name: 'memory', type: 'gauge', coverage: null }),
    ]);
    expect(metrics.map(({ name }) => name)).toEqual(['cpu', 'memory']);
    const [first, second] = metrics.flatMap(({ sum, gauge }) => (sum ?? gauge)?.dataPoints ?? []);
    expect(plainAttributes(first?.attributes ?? [])).toMatchObject({
      quality: 'lower_bound',
      coverage: 0.25,
      flags: { values: [{ stringValue: 'reset' }, { stringValue: 'late' }] },
      revision: '2',
    });
    expect(plainAttributes(second?.attributes ?? [])).toMatchObject({ quality: 'measured', revision: '0' });
    expect(plainAttributes(second?.attributes ?? [])).not.toHaveProperty('coverage');
  });

  it('is sent one instant after the other', async () => {
    const at = (minutes: number) => aSample({ timestamp: aSample().timestamp + minutes * 60_000_000 });
    const { metrics } = await collected({}, [at(2), at(1)]);
    const times = metrics.flatMap(({ sum }) => sum?.dataPoints.map(({ timeUnixNano }) => timeUnixNano) ?? []);
    expect(times).toEqual([at(1), at(2)].map(({ timestamp }) => `${timestamp}000`));
  });

  it('is told by a wrong path', async () => {
    const { context } = aContext();
    const sink = otlp.create(otlpConfig.parse({ type: 'otlp', url: url.replace('metrics', 'metric') }), context);
    await expect(sink.publish([aSample()], signal)).rejects.toThrow('check the path of url');
    await sink.close();
  });
});
