import { describe, expect, test } from 'vitest';
import { flagNames } from '../../../pipeline/model/flags.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { pollOf, received, rulesOf, take } from './polls.ts';

/** A poll that lists the VM off, or running in an epoch with its counter at a value. */
type Seen = readonly [t: number, epoch: string | null, v?: bigint];

/** The windows of a minute that come out, as [end, delta, share covered, flags]. */
function play(seen: readonly Seen[]) {
  const rules = rulesOf();
  const partition = createPartition(rules);
  return seen.flatMap(([t, epoch, v = 0n]) => {
    const off = { ...received(t, 0n), state: 'SHUTOFF', epoch: null, rows: [] } as const;
    const listed = epoch === null ? off : received(t, v, { epoch });
    return take(partition, rules, pollOf(t, [listed])).closed.counters.map(({ index, delta, covered, flags }) => [
      (index + 1) * 60,
      delta,
      Math.round((covered / 60e6) * 100) / 100,
      flagNames(flags),
    ]);
  });
}

describe('a VM that was listed off', () => {
  test('counts its next epoch from zero, from when it was off, exactly', () => {
    expect(
      play([
        [0, 'e1', 1000n],
        [30, 'e1', 1300n],
        [60, null],
        [90, 'e2', 200n],
        [120, 'e2', 500n],
      ]),
    ).toEqual([
      [60, 300, 0.5, ['lower_bound']],
      [120, 500, 1, []],
    ]);
  });

  test('once, counts the epoch after the next from its own last reading', () => {
    expect(
      play([
        [0, 'e1', 1000n],
        [30, null],
        [60, 'e2', 300n],
        [90, 'e2', 600n],
        [120, 'e2', 900n],
        [150, 'e3', 300n],
        [180, 'e3', 600n],
      ]).slice(-1),
    ).toEqual([[180, 600, 1, ['reset', 'lower_bound']]]);
  });
});
