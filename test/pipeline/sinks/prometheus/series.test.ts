import { describe, expect, it } from 'vitest';
import { METERS } from '../../../../pipeline/model/meters.ts';
import { createSeries, labelOf, metricName } from '../../../../pipeline/sinks/prometheus/series.ts';
import { aSample } from '../a-sample.ts';

const options = { prefix: 'ceilometer_', labels: {}, metadataLabels: [] };
const minute = 60_000_000;
const base = aSample();

describe('series', () => {
  it('are known by meter, resource and window', () => {
    const [series] = createSeries(options)([aSample({ since: base.windowStart + 1500 })]);
    expect(series).toEqual({
      labels: [
        ...['__name__', 'ceilometer_cpu_total'],
        ...['project_id', 'p1'],
        ...['resource_id', '178b0921-8f85-4257-88b6-2e743b5a975c'],
        ...['user_id', 'u1'],
        ...['window', '60s'],
      ],
      type: 'counter',
      unit: 'ns',
      points: [{ timeMs: base.timestamp / 1000, value: 301230000000, startMs: base.windowStart / 1000 + 1 }],
    });
  });

  it('name the device and the instance where there are some, and what else is asked for', () => {
    const metadata = {
      instance_id: 'i',
      mac: 'fa:16:3e:00:00:01',
      'OS-EXT-AZ:availability_zone': 'az',
      vcpus: 2,
      x: {},
    };
    const resource = { ...base.resource, projectId: null, userId: '', metadata };
    const metadataLabels = ['OS-EXT-AZ:availability_zone', 'vcpus', 'x', 'none'];
    const [series] = createSeries({ ...options, labels: { region: 'r1', empty: '' }, metadataLabels })([
      aSample({ resource }),
    ]);
    expect(series?.labels).toEqual([
      ...['OS_EXT_AZ_availability_zone', 'az'],
      ...['__name__', 'ceilometer_cpu_total'],
      ...['device', 'fa:16:3e:00:00:01'],
      ...['instance_id', 'i'],
      ...['region', 'r1'],
      ...['resource_id', base.resource.id],
      ...['vcpus', '2'],
      ...['window', '60s'],
    ]);
  });

  it('have their points in order, the last revision of a window alone', () => {
    const at = (minutes: number, volume: number, revision = 0) => {
      const timestamp = base.timestamp + minutes * minute;
      return aSample({ timestamp, windowStart: timestamp - minute, windowEnd: timestamp, volume, revision });
    };
    const all = createSeries(options)([at(2, 30), at(1, 11, 1), at(1, 10), at(0, 5), at(2, 31, 1)]);
    expect(all.map(({ points }) => points.map(({ value }) => value))).toEqual([[5, 11, 31]]);
  });

  it('keep windows of different sizes, meters and resources apart', () => {
    const other = { ...base.resource, id: 'b' };
    const all = createSeries(options)([
      aSample(),
      aSample({ windowStart: base.windowEnd - 300_000_000 }),
      aSample({ name: 'cpu_util', type: 'gauge' }),
      aSample({ resource: other }),
      aSample({ resource: { ...other } }),
    ]);
    expect(all.map(({ points }) => points.length)).toEqual([1, 1, 1, 1]);
    expect(all.map(({ type }) => type)).toEqual(['counter', 'counter', 'gauge', 'counter']);
  });
});

describe('names', () => {
  it.each([
    ['disk.device.read.bytes', 'cumulative', 'disk_device_read_bytes_total'],
    ['network.incoming.bytes.delta', 'delta', 'network_incoming_bytes_delta'],
    ['cpu_util', 'gauge', 'cpu_util'],
    ['7.ü', 'gauge', '_7__'],
  ] as const)('%s (%s) is %s', (name, type, metric) => {
    expect(metricName({ name, type }, '')).toBe(metric);
  });

  it('are valid for every meter, and no two are the same', () => {
    const all = METERS.map((meter) => metricName(meter, 'ceilometer_'));
    expect(all.filter((name) => !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name))).toEqual([]);
    expect(new Set(all).size).toBe(METERS.length);
  });

  it('of labels are valid', () => {
    expect(labelOf('OS-EXT-AZ:availability_zone')).toBe('OS_EXT_AZ_availability_zone');
    expect(labelOf('2nd')).toBe('_2nd');
  });
});
