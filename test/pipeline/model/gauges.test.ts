import { describe, expect, test } from 'vitest';
import { BLOCK_FIELDS } from '../../../avro/batch.ts';
import type { Row } from '../../../avro/snapshot.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { pollOf, rulesOf, SECOND, take, vm } from './polls.ts';

type Reading = readonly [t: number, row: Partial<Row>, epoch?: string];
const MEMORY = BLOCK_FIELDS[0].indexOf('memory');
const USAGE = BLOCK_FIELDS[0].indexOf('memoryUsage');

/** What comes out after each reading, as [size, window's end, statistic, value], sizes and times in seconds. */
function play(sizes: readonly number[], readings: readonly Reading[]) {
  const rules = rulesOf({ sizes: sizes.map((size) => size * SECOND), graces: sizes.map(() => 'auto') });
  const partition = createPartition(rules);
  return readings.map(([t, row, epoch = 'e1']) =>
    take(partition, rules, pollOf(t, [vm(t, row, { epoch })])).closed.gauges.map(({ size, index, field, last }) => {
      const length = sizes[size] as number;
      return [length, (index + 1) * length, BLOCK_FIELDS[0][field], last];
    }),
  );
}

describe('gauges', () => {
  test.each<[string, readonly number[], readonly Reading[], readonly (readonly unknown[])[]]>([
    [
      'the last reading of a window is its value, out with the first of a later one',
      [60],
      [
        [10, { memory: 1n }],
        [50, { memory: 2n }],
        [70, { memory: 3n }],
      ],
      [[], [], [[60, 60, 'memory', 2]]],
    ],
    [
      'a reading exactly on the end belongs to the window and finishes it',
      [60],
      [
        [10, { memory: 1n }],
        [60, { memory: 2n }],
        [61, { memory: 3n }],
        [120, { memory: 4n }],
      ],
      [[], [[60, 60, 'memory', 2]], [], [[60, 120, 'memory', 4]]],
    ],
    [
      'a window that nobody looked into has no value',
      [60],
      [
        [10, { memory: 1n }],
        [250, { memory: 2n }],
        [310, { memory: 3n }],
      ],
      [[], [[60, 60, 'memory', 1]], [[60, 300, 'memory', 2]]],
    ],
    [
      'a statistic that is missing in a reading keeps the last of the window',
      [60],
      [
        [10, { memory: 1n, memoryUsage: 5n }],
        [50, { memory: 2n }],
        [70, { memory: 3n }],
        [130, { memory: 4n }],
      ],
      [
        [],
        [],
        [
          [60, 60, 'memory', 2],
          [60, 60, 'memoryUsage', 5],
        ],
        [[60, 120, 'memory', 3]],
      ],
    ],
    [
      'windows of several sizes end each at their own time',
      [60, 120],
      [
        [50, { memory: 1n }],
        [100, { memory: 2n }],
        [120, { memory: 3n }],
      ],
      [
        [],
        [[60, 60, 'memory', 1]],
        [
          [60, 120, 'memory', 3],
          [120, 120, 'memory', 3],
        ],
      ],
    ],
    [
      'a reading older than the latest is left out',
      [60],
      [
        [10, { memory: 1n }],
        [50, { memory: 2n }],
        [40, { memory: 9n }],
        [70, { memory: 3n }],
        [30, { memory: 9n }],
        [120, { memory: 4n }],
      ],
      [[], [], [], [[60, 60, 'memory', 2]], [], [[60, 120, 'memory', 4]]],
    ],
    [
      'also one of another epoch, as the host that a VM has left may give',
      [60],
      [
        [50, { memory: 2n }, 'e2'],
        [40, { memory: 9n }, 'e1'],
        [70, { memory: 3n }, 'e2'],
      ],
      [[], [], [[60, 60, 'memory', 2]]],
    ],
    [
      'beyond 2^53 it is exact, and zero is a value',
      [60],
      [[60, { memory: (1n << 64n) - 1n, memoryUsage: 0n }]],
      [
        [
          [60, 60, 'memory', (1n << 64n) - 1n],
          [60, 60, 'memoryUsage', 0],
        ],
      ],
    ],
  ])('%s', (_what, sizes, readings, expected) => {
    expect(play(sizes, readings)).toEqual(expected);
  });

  test('of a VM that falls silent come out when the grace is over', () => {
    const rules = rulesOf({ graces: [30 * SECOND] });
    const partition = createPartition(rules);
    take(partition, rules, pollOf(10, [vm(10, { memory: 1n, memoryUsage: 2n })]));
    expect(take(partition, rules, pollOf(89, [])).closed.gauges).toEqual([]);
    const { gauges } = take(partition, rules, pollOf(90, [])).closed;
    expect(gauges.map(({ field, index, last }) => [field, index, last])).toEqual([
      [MEMORY, 0, 1],
      [USAGE, 0, 2],
    ]);
    expect(take(partition, rules, pollOf(200, [])).closed.gauges).toEqual([]);
  });
});

describe('a gauge’s spread over a window', () => {
  /** [mean, least, most, last] of the memory in windows of a minute, polled every ten seconds (max_gap 35 s). */
  const spreads = (...readings: readonly (readonly [t: number, value: bigint])[]) => {
    const rules = rulesOf();
    const partition = createPartition(rules);
    return readings.flatMap(([t, memory]) =>
      take(partition, rules, pollOf(t, [vm(t, { memory })])).closed.gauges.map((gauge) => {
        return [gauge.mean, gauge.least, gauge.most, gauge.last];
      }),
    );
  };

  test.each<[string, readonly (readonly [number, bigint])[], readonly (readonly unknown[])[]]>([
    [
      'one reading is all of it',
      [
        [30, 7n],
        [61, 0n],
      ],
      [[7, 7, 7, 7]],
    ],
    [
      'each stands for the time since the one before',
      [
        [0, 1n],
        [20, 2n],
        [40, 5n],
        [60, 5n],
      ],
      [
        [1, 1, 1, 1],
        [4, 2, 5, 5],
      ],
    ],
    [
      'since the window began at most',
      [
        [50, 9n],
        [70, 1n],
        [120, 3n],
      ],
      [
        [9, 9, 9, 9],
        [(10 * 1 + 35 * 3) / 45, 1, 3, 3],
      ],
    ],
    [
      'the last one stands for the rest',
      [
        [0, 0n],
        [10, 4n],
        [40, 1n],
        [65, 0n],
      ],
      [
        [0, 0, 0, 0],
        [(10 * 4 + 50 * 1) / 60, 1, 4, 1],
      ],
    ],
    [
      'neither for longer than a gap',
      [
        [0, 0n],
        [20, 4n],
        [180, 0n],
      ],
      [
        [0, 0, 0, 0],
        [4, 4, 4, 4],
        [0, 0, 0, 0],
      ],
    ],
    [
      'the extremes are exact whatever their size',
      [
        [10, (1n << 64n) - 1n],
        [20, (1n << 64n) - 2n],
        [60, 0n],
      ],
      [[expect.any(Number), 0, (1n << 64n) - 1n, 0]],
    ],
  ])('%s', (_what, readings, expected) => {
    expect(spreads(...readings)).toEqual(expected);
  });
});
