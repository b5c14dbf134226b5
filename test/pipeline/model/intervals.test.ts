import { describe, expect, test } from 'vitest';
import { EMPTY_NIC_ROW } from '../../../avro/snapshot.ts';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { pollOf, rulesOf, SECOND, take, vm } from './polls.ts';

/** As many as five weeks have of 10 s, in twenty hours. What is done for each pair of them takes longer than a test may. */
const WINDOWS = 288_000;
const LENGTH = WINDOWS / 4;
const START = 1_700_000_000;
const rules = rulesOf({ sizes: [SECOND / 4] });

/** A row of an amount over so many seconds up to `t`, read at `polledAt`. */
const rowAt = (t: number, seconds: number, rxBytes: bigint, polledAt = t) => {
  const nics = [{ ...EMPTY_NIC_ROW, rxBytes }];
  return pollOf(polledAt, [vm(t, { interval: seconds * SECOND, nics }, { nics: [{ id: 'n', epoch: null }] })]);
};

describe('a row of very many windows', () => {
  test('is divided over its windows in the time that these take', () => {
    const partition = createPartition(rules);
    const { counters } = take(partition, rules, rowAt(START, LENGTH, BigInt(2 * WINDOWS))).closed;
    expect(counters).toHaveLength(WINDOWS);
    expect(counters.every(({ delta }) => delta === 2)).toBe(true);
  });

  test('that comes late into the hole that it left is, too', () => {
    const partition = createPartition(rules);
    const t = START + LENGTH;
    take(partition, rules, rowAt(START, 1, 1n));
    take(partition, rules, rowAt(t + 1, 1, 1n));
    const { counters } = take(partition, rules, rowAt(t, LENGTH, BigInt(2 * WINDOWS), t + 2)).closed;
    expect(counters).toHaveLength(WINDOWS);
    expect(counters.every(({ delta }) => delta === 2)).toBe(true);
  });
});
