import { describe, expect, it } from 'vitest';
import { emptyRingBytes, WindowRing } from '../../../pipeline/page/window-ring.ts';

function ringOf(length: number, windows: readonly (readonly [index: number, value: number])[]): WindowRing {
  const ring = new WindowRing(length);
  for (const [index, value] of windows) {
    const slot = ring.slot(index);
    if (slot < 0) continue;
    ring.put(ring.columnsOf('').get('cpu_util') ?? ring.addColumn('', 'cpu_util'), slot, value);
    ring.note(slot, value / 100, 0, 'kvm1');
  }
  return ring;
}

const contents = (ring: WindowRing) => {
  const slots = ring.slots();
  const [series] = ring.series(slots);
  return slots.map((slot, i) => [ring.window(slot).index, series?.values[i]]);
};

describe('a ring of windows', () => {
  it.each([
    [
      'in order',
      [
        [7, 70],
        [8, 80],
        [9, 90],
      ],
      [
        [7, 70],
        [8, 80],
        [9, 90],
      ],
    ],
    [
      'in any order',
      [
        [9, 90],
        [7, 70],
        [8, 80],
      ],
      [
        [7, 70],
        [8, 80],
        [9, 90],
      ],
    ],
    [
      'with one missing',
      [
        [7, 70],
        [9, 90],
      ],
      [
        [7, 70],
        [9, 90],
      ],
    ],
    [
      'the latest only',
      [
        [1, 10],
        [2, 20],
        [3, 30],
        [4, 40],
      ],
      [
        [2, 20],
        [3, 30],
        [4, 40],
      ],
    ],
    [
      'no older one in the place of a newer',
      [
        [7, 70],
        [4, 40],
      ],
      [[7, 70]],
    ],
    [
      'a window that comes again',
      [
        [7, 70],
        [7, 71],
      ],
      [[7, 71]],
    ],
  ] as const)('holds them %s', (_, windows, held) => {
    expect(contents(ringOf(3, windows))).toEqual(held);
  });

  it('knows nothing of a series in a window that it was not in', () => {
    const ring = ringOf(3, [[7, 70]]);
    const slot = ring.slot(8);
    ring.put(ring.addColumn('vda', 'disk'), slot, 5);
    expect(ring.series(ring.slots())).toEqual([
      { device: '', meter: 'cpu_util', values: [70, Number.NaN] },
      { device: 'vda', meter: 'disk', values: [Number.NaN, 5] },
    ]);
    expect(ring.latest('', 'cpu_util')).toBeNaN();
    expect(ring.latest('vda', 'disk')).toBe(5);
  });

  it('keeps the least coverage and every flag of a window', () => {
    const ring = new WindowRing(3);
    const slot = ring.slot(5);
    ring.note(slot, 0.75, 1, 'kvm1');
    ring.note(slot, null, 0, 'kvm1');
    ring.note(slot, 1, 4, 'kvm2');
    expect(ring.window(slot)).toEqual({ index: 5, coverage: 0.75, flags: 5, host: 'kvm2' });
  });

  it('can be made longer and shorter, and keeps the latest', () => {
    const ring = ringOf(3, [
      [7, 70],
      [8, 80],
      [9, 90],
    ]);
    const long = ring.resized(10);
    long.put(0, long.slot(10), 100);
    expect(contents(long)).toEqual([
      [7, 70],
      [8, 80],
      [9, 90],
      [10, 100],
    ]);
    expect(contents(long.resized(2))).toEqual([
      [9, 90],
      [10, 100],
    ]);
    expect(long.bytes).toBeGreaterThan(ring.bytes);
  });

  it('says before what it will take, and what a series will', () => {
    const ring = new WindowRing(30);
    expect(ring.bytes).toBe(emptyRingBytes(30));
    for (let n = 0; n < 40; n++) {
      const expected = ring.bytes + ring.nextColumnBytes;
      ring.addColumn('', `meter.${n}`);
      expect(ring.bytes).toBe(expected);
    }
  });
});
