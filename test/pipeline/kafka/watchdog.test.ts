import { describe, expect, test } from 'vitest';
import { type Progress, type Standstill, standingStill } from '../../../pipeline/kafka/watchdog.ts';

const at = (position: number, high = 100, partition = 0): Progress => ({ partition, position, high });

describe('a partition stands still', () => {
  test.each([
    [
      'when it does not move though there is something to read',
      [
        [0, at(5)],
        [60, at(5)],
      ],
      [[], [0]],
    ],
    ['but not at the first look', [[100, at(5)]], [[]]],
    [
      'but not when it moves',
      [
        [0, at(5)],
        [60, at(6)],
        [119, at(6)],
      ],
      [[], [], []],
    ],
    [
      'but not when there is nothing to read',
      [
        [0, at(100)],
        [60, at(100)],
        [119, at(100, 101)],
      ],
      [[], [], []],
    ],
    [
      'and is found again only after as long again',
      [
        [0, at(5)],
        [60, at(5)],
        [119, at(5)],
        [120, at(5)],
      ],
      [[], [0], [], [0]],
    ],
  ] as const)('%s', (_, looks, found) => {
    const seen = new Map<number, Standstill>();
    expect(
      looks.map(([now, progress]) => standingStill(seen, [progress], now, 60).map(({ partition }) => partition)),
    ).toEqual(found);
  });

  test('partitions that went are forgotten', () => {
    const seen = new Map<number, Standstill>();
    standingStill(seen, [at(1, 9, 0), at(1, 9, 1)], 0, 60);
    standingStill(seen, [at(1, 9, 1)], 1, 60);
    expect([...seen.keys()]).toEqual([1]);
  });
});
