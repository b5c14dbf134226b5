import { describe, expect, test } from 'vitest';
import { createTally } from '../../../pipeline/model/flags.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { pollOf, received, rulesOf, SECOND, take } from './polls.ts';

type Reading = readonly [t: number, epoch: string | null, value: bigint];

/** What comes of readings of a counter, ten seconds apart and in any order: what was counted, and what was not. */
function play(readings: readonly Reading[]) {
  const rules = rulesOf({ sizes: [10 * SECOND], graces: [0] });
  const partition = createPartition(rules);
  const tally = createTally();
  let counted = 0n;
  const note = ({ closed, tally: some }: ReturnType<typeof take>): void => {
    for (const { delta, block } of closed.counters) if (block.kind === 2) counted += BigInt(delta);
    for (const reason of ['late', 'duplicate', 'conflict', 'epoch_unknown'] as const)
      tally.drops[reason] += some.drops[reason];
    for (const kind of ['reset', 'first', 'regression'] as const) tally.events[kind] += some.events[kind];
  };
  for (const [t, epoch, value] of readings)
    note(take(partition, rules, pollOf(t, [received(t, value, { epoch })], { partial: 'a test' })));
  note(take(partition, rules, pollOf(1_000_000, [])));
  return { counted, drops: tally.drops, events: tally.events };
}

describe('epochs', () => {
  test('that flip back and forth are counted each for itself', () => {
    const readings = Array.from({ length: 40 }, (_, n): Reading => [10 * n, n % 2 === 0 ? 'a' : 'b', BigInt(100 + n)]);
    const { counted, events } = play(readings);
    // a grows from 100 to 138; b counts from zero to 139.
    expect(counted).toBe(38n + 139n);
    expect(events).toMatchObject({ first: 1, reset: 1, regression: 0 });
  });

  test('more than are remembered: what comes again of those that are not is late, and nothing is counted twice', () => {
    const lives = Array.from({ length: 30 }, (_, n): readonly Reading[] => [
      [100 * n, `e${n}`, 0n],
      [100 * n + 50, `e${n}`, 10n],
    ]);
    const once = play(lives.flat());
    expect(once.counted).toBe(300n);
    const again = play([...lives.flat(), ...lives.flat()]);
    expect(again.counted).toBe(300n);
    expect(again.drops.late + again.drops.duplicate).toBe(60);
    expect(again.events.reset).toBe(once.events.reset);
  });

  test('at the end of what 64 bits hold are exact', () => {
    const most = (1n << 64n) - 1n;
    expect(
      play([
        [0, 'a', 0n],
        [10, 'a', most],
        [20, 'a', most],
      ]).counted,
    ).toBe(most);
    const fallen = play([
      [0, 'a', most],
      [10, 'a', 5n],
      [20, 'a', most],
    ]);
    expect(fallen.counted).toBe(0n);
    expect(fallen.events.regression).toBe(1);
  });

  test('unnamed among named ones are left out by name', () => {
    expect(
      play([
        [0, 'a', 1n],
        [10, null, 5n],
        [20, 'a', 9n],
      ]),
    ).toMatchObject({ counted: 8n, drops: { epoch_unknown: 1 } });
  });
});
