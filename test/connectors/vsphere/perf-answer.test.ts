import { describe, expect, it } from 'vitest';
import { type EntitySamples, readPerf } from '../../../connectors/vsphere/perf-answer.ts';
import { answer } from './answers.ts';
import { read } from './xml.ts';

async function samples(content: string, size?: number): Promise<EntitySamples[]> {
  const found: EntitySamples[] = [];
  const count = await read(
    'QueryPerf',
    answer('QueryPerf', content),
    readPerf(
      (one) => found.push(one),
      3,
      (entity, instance) => entity === 'vm-1' && instance === 'vmnic0',
    ),
    size,
  );
  expect(count).toBe(found.length);
  return found;
}

const AT = 1_767_225_620_000_000;
const INTERVAL = 20_000_000;

const CSV =
  '<returnval xsi:type="PerfEntityMetricCSV"><entity type="VirtualMachine">vm-1</entity><sampleInfoCSV>20,2026-01-01T00:00:20Z,20,2026-01-01T01:00:40+01:00</sampleInfoCSV>' +
  '<value><id><counterId>14</counterId><instance></instance></id><value>663,-1</value></value>' +
  '<value><id><counterId>462</counterId><instance>4000</instance></id><value>1,2</value></value></returnval>';

/** The same in the longer form, under vcsim's prefix. */
const NORMAL =
  '<returnval xmlns:_XMLSchema-instance="http://www.w3.org/2001/XMLSchema-instance" _XMLSchema-instance:type="PerfEntityMetric"><entity type="VirtualMachine">vm-1</entity>' +
  '<sampleInfo><timestamp>2026-01-01T00:00:20Z</timestamp><interval>20</interval></sampleInfo><sampleInfo><timestamp>2026-01-01T00:00:40Z</timestamp><interval>20</interval></sampleInfo>' +
  '<value _XMLSchema-instance:type="PerfMetricIntSeries"><id><counterId>14</counterId><instance></instance></id><value>663</value><value>-1</value></value>' +
  '<value _XMLSchema-instance:type="PerfMetricIntSeries"><id><counterId>462</counterId><instance>4000</instance></id><value>1</value><value>2</value></value></returnval>';

const BOTH: EntitySamples = {
  entity: 'vm-1',
  samples: [
    { at: AT, interval: INTERVAL },
    { at: AT + INTERVAL, interval: INTERVAL },
  ],
  series: [
    { counterId: 14, instance: '', values: '663,-1' },
    { counterId: 462, instance: '4000', values: '1,2' },
  ],
};

describe('samples', () => {
  it.each([
    ['csv', CSV],
    ['normal', NORMAL],
  ])('come in the %s form', async (_, xml) => {
    for (const size of [1, 13, 100_000]) expect(await samples(xml, size)).toEqual([BOTH]);
  });

  it('of several entities come one by one, forms mixed', async () => {
    expect(await samples(CSV + NORMAL)).toEqual([BOTH, BOTH]);
  });

  it('may lack: a new VM, one just migrated', async () => {
    const none =
      '<returnval xsi:type="PerfEntityMetricCSV"><entity type="VirtualMachine">vm-2</entity><sampleInfoCSV></sampleInfoCSV></returnval>';
    expect(await samples(none)).toEqual([{ entity: 'vm-2', samples: [], series: [] }]);
    expect(await samples('')).toEqual([]);
  });

  it.each([
    ['no time', '20,x', { at: null, interval: INTERVAL }],
    ['no interval', ',2026-01-01T00:00:20Z', { at: AT, interval: null }],
    ['an interval of nothing', '0,2026-01-01T00:00:20Z', { at: AT, interval: null }],
    ['half a pair', '20', { at: null, interval: INTERVAL }],
    ['an interval of five minutes', '300,2026-01-01T00:00:20Z', { at: AT, interval: 300_000_000 }],
  ])('tell of %s', async (_, csv, sample) => {
    const xml = `<returnval><entity type="VirtualMachine">vm-1</entity><sampleInfoCSV>${csv}</sampleInfoCSV></returnval>`;
    expect((await samples(xml))[0]?.samples).toEqual([sample]);
  });

  it('of instances that nobody wants are passed over', async () => {
    expect(await samples(CSV.replace('>4000<', '>vmnic0<'))).toEqual([{ ...BOTH, series: BOTH.series.slice(0, 1) }]);
  });

  it('of more entities than were asked are not taken', async () => {
    expect(await samples(CSV + CSV + NORMAL)).toHaveLength(3);
    await expect(samples(CSV + CSV + CSV + NORMAL)).rejects.toThrow(/more than the 3 objects/);
  });

  it('of nobody are not understood', async () => {
    await expect(samples('<returnval><sampleInfoCSV/></returnval>')).rejects.toThrow(/no entity/);
  });
});
