import { describe, expect, test } from 'vitest';
import { cpuRate, limitsOf } from '../../../pipeline/model/limits.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { pollOf, received, rulesOf, take } from './polls.ts';

/** What a nic that went from 4 294 967 000 to 704 in 10 s has received, and what happened to it. */
function received32(kind: string, at: number) {
  const rules = rulesOf();
  const partition = createPartition(rules);
  const readings: readonly (readonly [number, bigint])[] = [
    [0, 4_294_967_000n],
    [at, 704n],
    [60, 704n],
  ];
  const outcomes = readings.map(([t, v]) =>
    take(partition, rules, pollOf(t, [received(t, v)], { kind, interval: 60 })),
  );
  const deltas = outcomes.flatMap(({ closed }) => closed.counters.map(({ delta }) => delta));
  return { deltas, events: outcomes[1]?.tally.events };
}

describe('the limits of a kind of source', () => {
  test('make a fall of a counter that can be so narrow a wrap', () => {
    const { deltas, events } = received32('simulator', 2);
    expect(deltas).toEqual([1000]);
    expect(events).toMatchObject({ wrap: 1, ambiguous: 0, regression: 0 });
  });

  test('say when it may have wrapped more than once', () => {
    expect(received32('simulator', 10).events).toMatchObject({ wrap: 1, ambiguous: 1 });
  });

  test.each(['libvirt', 'hyperv', 'nobody knows it', 'constructor', '__proto__'])(
    'of %s: its counters never wrap',
    (kind) => {
      expect(limitsOf(kind)).toEqual({ bits: [[], [], [], []], rates: [[], [], [], []] });
      const { deltas, events } = received32(kind, 10);
      expect(deltas).toEqual([]);
      expect(events).toMatchObject({ wrap: 0, regression: 1 });
    },
  );
});

test('a cpu counts at most twice what its vCPUs can use', () => {
  expect([cpuRate(0), cpuRate(1), cpuRate(32)]).toEqual([0, 2e9, 64e9]);
});
