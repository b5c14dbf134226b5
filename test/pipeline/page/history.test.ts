import { describe, expect, it } from 'vitest';
import { type HistoryBounds, VmHistories } from '../../../pipeline/page/history.ts';
import { type About, plotted, sampleOf } from './samples.ts';
import { uuid } from './scene.ts';

const SIZE = 60e6;
const BOUNDS: HistoryBounds = { bytes: 100_000, short: 4, long: 12, opened: 2, series: 5 };

const about = (n: number, k: number, more: Partial<About> = {}): About => ({
  uuid: uuid(n),
  name: `web-${n}`,
  end: (k + 1) * SIZE,
  size: SIZE,
  ...more,
});

const endsOf = (histories: VmHistories, n: number) =>
  histories.history(uuid(n), null)?.endAt.map((at) => at / 60_000 - 1);

describe('the kept windows of VMs', () => {
  it('are those of the meters that are worth a plot, with coverage, flags and hosts', () => {
    const histories = new VmHistories(plotted, BOUNDS);
    histories.take([
      sampleOf('cpu', 10n ** 18n, about(1, 7)),
      sampleOf('cpu.delta', 600, about(1, 7)),
      sampleOf('cpu_util', 12.5, about(1, 7, { coverage: 0.5, flags: ['reset'] })),
      sampleOf('disk.device.read.bytes.rate', 4096, about(1, 7, { disk: 'vda' })),
      sampleOf('memory', 2n ** 60n, about(1, 8, { host: 'kvm2', coverage: null })),
    ]);
    expect(histories.history(uuid(1), null)).toEqual({
      id: uuid(1),
      name: 'web-1',
      host: 'kvm2',
      sizeMs: 60_000,
      sizesMs: [60_000],
      endAt: [480_000, 540_000],
      coverage: [0.5, null],
      flags: [['reset'], []],
      hosts: ['kvm1', 'kvm2'],
      series: [
        { meter: 'cpu_util', device: '', unit: '%', values: [12.5, null] },
        { meter: 'memory', device: '', unit: 'MiB', values: [null, 2 ** 60] },
        { meter: 'disk.device.read.bytes.rate', device: 'vda', unit: 'B/s', values: [4096, null] },
      ],
      left: 0,
    });
    expect(histories.latest(uuid(1)).cpu).toBeNaN();
  });

  it('are apart by size, of which the smallest is shown first', () => {
    const histories = new VmHistories(plotted, BOUNDS);
    histories.take([
      sampleOf('cpu_util', 1, about(1, 59)),
      sampleOf('cpu_util', 2, { ...about(1, 59), size: 60 * SIZE }),
    ]);
    expect(histories.history(uuid(1), null)).toMatchObject({ sizeMs: 60_000, sizesMs: [60_000, 3_600_000] });
    expect(histories.history(uuid(1), 60 * SIZE)).toMatchObject({ sizeMs: 3_600_000, series: [{ values: [2] }] });
  });

  it('are few, and more of a VM that was opened', () => {
    const histories = new VmHistories(plotted, BOUNDS);
    histories.open(uuid(1));
    for (let k = 0; k < 10; k++) histories.take([1, 2].map((n) => sampleOf('cpu_util', k, about(n, k))));
    expect(endsOf(histories, 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(endsOf(histories, 2)).toEqual([6, 7, 8, 9]);
    for (const n of [2, 3]) histories.open(uuid(n));
    expect(endsOf(histories, 1)).toEqual([6, 7, 8, 9]);
  });

  it('never take more than the bound, and of those that are there before none is pushed out', () => {
    const histories = new VmHistories(plotted, BOUNDS);
    for (let k = 0; k < 3; k++)
      for (let n = 0; n < 500; n++)
        histories.take([sampleOf('cpu_util', k, about(n, k)), sampleOf('memory', k, about(n, k))]);
    expect(histories.bytes).toBeLessThanOrEqual(BOUNDS.bytes);
    expect(histories.size).toBeGreaterThan(20);
    expect(histories.leftOut).toBeGreaterThan(0);
    expect(endsOf(histories, 0)).toEqual([0, 1, 2]);
    expect(endsOf(histories, 499)).toBeUndefined();
  });

  it('make room for a VM that is opened, and for new ones when others have gone', () => {
    const histories = new VmHistories(plotted, BOUNDS);
    for (let n = 0; n < 500; n++) histories.take([sampleOf('cpu_util', 1, about(n, 0))]);
    histories.open(uuid(499));
    histories.take([sampleOf('cpu_util', 1, about(499, 1))]);
    expect(endsOf(histories, 499)).toEqual([1]);
    histories.take([sampleOf('cpu_util', 1, about(498, 1))]);
    expect(endsOf(histories, 498)).toBeUndefined();
    for (let k = 2; k < 9; k++)
      histories.take([sampleOf('cpu_util', 1, about(499, k)), sampleOf('cpu_util', 1, about(498, k))]);
    expect(endsOf(histories, 498)).toEqual([5, 6, 7, 8]);
    expect(histories.bytes).toBeLessThanOrEqual(BOUNDS.bytes);
  });

  it('have so many series and no more, and say so', () => {
    const histories = new VmHistories(plotted, BOUNDS);
    for (let disk = 0; disk < 9; disk++)
      histories.take([sampleOf('disk.device.read.bytes.rate', 1, about(1, 7, { disk: `vd${disk}` }))]);
    expect(histories.history(uuid(1), null)).toMatchObject({ series: { length: 5 }, left: 4 });
  });

  it('are none of hosts', () => {
    const histories = new VmHistories(plotted, BOUNDS);
    const sample = sampleOf('compute.node.memory', 1, about(1, 7));
    histories.take([{ ...sample, resource: { ...sample.resource, metadata: { host_id: uuid(1), host: 'kvm1' } } }]);
    expect(histories.size).toBe(0);
  });
});
