import { describe, expect, test } from 'vitest';
import { SliceReader } from '../../../avro/reader.ts';
import { accept, createPartition, type Partition, tick } from '../../../pipeline/model/partition.ts';
import { residual } from '../../../pipeline/model/residual.ts';
import { ACC, type Block, DELTA } from '../../../pipeline/model/state.ts';
import { setApart } from '../../../pipeline/model/together.ts';
import { FAULTS, logOf } from '../a-fleets-log.ts';
import { pollOf, received, rulesOf, SECOND, take } from './polls.ts';

const sizes = [60 * SECOND, 90 * SECOND];
const rules = rulesOf({ sizes, graces: sizes.map(() => 'auto') }, { reorder: 15 * SECOND });

test('is 0 after every message of a fleet that restarts, migrates, wraps and goes away', () => {
  const partition = createPartition(rules);
  for (const { offset, timestampUs, value } of logOf(FAULTS)) {
    accept(partition, rules, new SliceReader().read(value), { offset, time: timestampUs, length: value.length });
    if (offset % 3 === 0) expect(residual(partition)).toBe(0n);
  }
  tick(partition, rules, partition.progress.now + 3600 * SECOND);
  expect(residual(partition)).toBe(0n);
});

type Reading = readonly [t: number, value: bigint, epoch: string | null, interval?: number];

function metered(readings: readonly Reading[]): Partition {
  const plain = rulesOf();
  const partition = createPartition(plain);
  for (const [t, value, epoch, interval] of readings) {
    const instance = received(t, value, { epoch });
    const rows = instance.rows.map((row) => ({ ...row, interval: interval === undefined ? null : interval * SECOND }));
    take(partition, plain, pollOf(t, [{ ...instance, rows }], { kind: 'simulator', partial: 'a test' }));
  }
  return partition;
}

const BIG = 1n << 63n;

describe('is 0', () => {
  test.each<[string, readonly Reading[]]>([
    [
      'of growth',
      [
        [0, 5n, 'a'],
        [10, 9n, 'a'],
        [70, 20n, 'a'],
      ],
    ],
    [
      'of amounts beyond 2^53',
      [
        [0, BIG, 'a'],
        [10, BIG + (1n << 60n), 'a'],
        [70, BIG + (1n << 61n), 'a'],
      ],
    ],
    [
      'of an epoch counted from zero',
      [
        [0, 5n, 'a'],
        [10, 9n, 'b'],
        [20, 12n, 'b'],
      ],
    ],
    [
      'of one that is not believed',
      [
        [0, 5n, 'a'],
        [10, BIG, 'b'],
        [20, BIG + 1n, 'b'],
      ],
    ],
    [
      'of a wrap',
      [
        [0, (1n << 32n) - 10n, 'a'],
        [10, 5n, 'a'],
        [20, 8n, 'a'],
      ],
    ],
    [
      'of a nameless reset',
      [
        [0, 500n, null],
        [10, 20n, null],
        [20, 30n, null],
      ],
    ],
    [
      'of regressions and the reset after them',
      [
        [0, BIG, 'a'],
        [10, 20n, 'a'],
        [20, 30n, 'a'],
        [30, 40n, 'a'],
        [40, 50n, 'a'],
      ],
    ],
    [
      'of more epochs than are remembered',
      Array.from({ length: 12 }, (_, n): Reading => [10 * n, BigInt(n + 1), `e${n}`]),
    ],
    [
      'of amounts over intervals, one of them late',
      [
        [20, 7n, 'a', 20],
        [40, 8n, 'a', 20],
        [80, 9n, 'a', 20],
        [60, 5n, 'a', 20],
        [100, 1n, 'a', 20],
      ],
    ],
  ])('%s', (_what, readings) => {
    for (let n = 1; n <= readings.length; n++) expect(residual(metered(readings.slice(0, n)))).toBe(0n);
  });

  test('when an instance is forgotten', () => {
    const plain = rulesOf();
    const partition = metered([
      [0, 5n, 'a'],
      [10, 9n, 'b'],
    ]);
    for (const day of [1, 33]) take(partition, plain, pollOf(day * 86_400, []));
    expect(partition.instances.size).toBe(0);
    expect(residual(partition)).toBe(0n);
  });
});

test.each([1, -1])('tells that a delta is off by %i', (off) => {
  const partition = metered([
    [0, 5n, 'a'],
    [10, 9n, 'a'],
  ]);
  const block = [...partition.instances.values()][0]?.blocks.find(({ kind }) => kind === 2) as Block;
  setApart(block, 1);
  const acc = block.windows[0] as number[];
  acc[ACC * 0 + DELTA] = (acc[DELTA] as number) + off;
  expect(residual(partition)).toBe(1n);
});
