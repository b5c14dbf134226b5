import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SliceReader } from '../../../avro/reader.ts';
import { accept, createPartition, type Partition, tick } from '../../../pipeline/model/partition.ts';
import { createResidualScan, residual } from '../../../pipeline/model/residual.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { restorePartition, takeChanges } from '../../../pipeline/model/saved.ts';
import { countersAt, WORDS } from '../../../pipeline/model/together.ts';
import { pollOf, received, rulesOf, SECOND, take } from './polls.ts';
import { type LoggedMessage, randomLog } from './random-log.ts';

const SIZES = [60 * SECOND, 7 * SECOND];
const rules = rulesOf({ sizes: SIZES, graces: ['auto', 5 * SECOND] }, { reorder: 30 * SECOND });

function play(partition: Partition, by: Rules, log: readonly LoggedMessage[], after: () => void): void {
  for (const { offset, timestampUs, value } of log) {
    const record = { offset, time: timestampUs, length: value.length };
    accept(partition, by, new SliceReader().read(value), record);
    after();
  }
  tick(partition, by, Number.MAX_SAFE_INTEGER);
  after();
}

describe('the residual of a partition', () => {
  test.each([
    ['interpolated', rules],
    ['anchored', { ...rules, windows: { ...rules.windows, anchored: true } }],
    ['gaps whole', { ...rules, counters: { ...rules.counters, edge: true, fillMax: 3 } }],
  ] as const)('is 0 after every message of any log, %s', (_, by) => {
    fc.assert(
      fc.property(randomLog, (log) => {
        const partition = createPartition(by);
        play(partition, by, log, () => expect(residual(partition)).toBe(0n));
      }),
      { numRuns: 300 },
    );
  });

  test('stays 0 through saving and restoring, also with other window sizes', () => {
    const other = rulesOf({ sizes: [60 * SECOND, 30 * SECOND], graces: ['auto', 'auto'] }, { reorder: 30 * SECOND });
    fc.assert(
      fc.property(randomLog, fc.nat(40), (log, cut) => {
        const partition = createPartition(rules);
        for (const { offset, timestampUs, value } of log.slice(0, cut))
          accept(partition, rules, new SliceReader().read(value), { offset, time: timestampUs, length: value.length });
        const { partition: bytes, changed } = takeChanges(partition, cut);
        for (const by of [rules, other]) {
          const { partition: restored } = restorePartition(by, { partition: bytes, instances: changed });
          play(restored, by, log.slice(cut), () => expect(residual(restored)).toBe(0n));
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Two counters that grow together. */
function metered(polls: number): Partition {
  const partition = createPartition(rules);
  for (let n = 0; n < polls; n++) {
    const instances = [received(10 * n, BigInt(7 * n)), received(10 * n, 9n, { uuid: Buffer.alloc(16, 9) })];
    take(partition, rules, pollOf(10 * n, instances));
  }
  return partition;
}

describe('a state that is broken', () => {
  test('by one in an open delta is off by one', () => {
    const partition = metered(12);
    const block = [...partition.instances.values()][0]?.blocks[1];
    expect(residual(partition)).toBe(0n);
    const cells = block?.together?.cells as number[];
    cells[countersAt(SIZES.length) + WORDS] = (cells[countersAt(SIZES.length) + WORDS] as number) + 1;
    expect(residual(partition)).toBe(1n);
  });

  test('in two instances, by as much up as down, is off by both', () => {
    const partition = metered(12);
    const [a, b] = [...partition.instances.values()];
    const total = countersAt(SIZES.length) + WORDS + 1;
    for (const [instance, by] of [
      [a, 5],
      [b, -5],
    ] as const) {
      const cells = instance?.blocks[1]?.together?.cells as number[];
      cells[total] = (cells[total] as number) + by;
    }
    expect(residual(partition)).toBe(10n);
  });

  test('shows in a scan of one instance at a time', () => {
    const partition = metered(12);
    const [a] = [...partition.instances.values()];
    if (a) a.bias += 3n;
    const scan = createResidualScan(partition);
    expect(scan.step(1)).toBe(false);
    expect(scan.residual).toBe(3n * BigInt(SIZES.length));
    expect(scan.step(1)).toBe(false);
    expect(scan.step(1)).toBe(true);
    expect(scan.residual).toBe(3n * BigInt(SIZES.length));
  });
});
