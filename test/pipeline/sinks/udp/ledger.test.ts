import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLedger } from '../../../../pipeline/sinks/udp/ledger.ts';

const entered = (...sequences: readonly number[]) => {
  const ledger = createLedger();
  const isNew = sequences.map((sequence) => ledger.enter('a', BigInt(sequence)));
  return { isNew, ...ledger.tally() };
};

describe('ledger of datagrams', () => {
  it.each([
    ['none lost', [0, 1, 2], 0, 0],
    ['what was before the first is not known', [7, 8], 0, 0],
    ['a gap', [0, 4], 3, 0],
    ['one that is late', [0, 2, 1], 0, 0],
    ['one that comes twice', [0, 1, 1], 0, 1],
    ['a late one twice', [0, 3, 1, 1], 1, 1],
  ])('%s', (_what, sequences, lost, duplicates) => {
    expect(entered(...sequences)).toMatchObject({
      senders: 1,
      datagrams: sequences.length - duplicates,
      lost,
      duplicates,
    });
  });

  it('counts each sender by itself', () => {
    const ledger = createLedger();
    for (const [sender, sequence] of [
      ['a', 0n],
      ['b', 5n],
      ['a', 2n],
      ['b', 6n],
    ] as const)
      ledger.enter(sender, sequence);
    expect(ledger.tally()).toEqual({ senders: 2, datagrams: 4, lost: 1, duplicates: 0 });
  });

  it('tells exactly what is missing of any order with repetitions', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { minLength: 1, maxLength: 300 }), (sequences) => {
        const first = sequences[0] ?? 0;
        const seen = sequences.filter((sequence) => sequence >= first);
        const distinct = new Set(seen);
        const { lost, datagrams, duplicates } = entered(...seen);
        expect(datagrams).toBe(distinct.size);
        expect(duplicates).toBe(seen.length - distinct.size);
        expect(lost).toBe(Math.max(...seen) - first + 1 - distinct.size);
      }),
    );
  });

  it('is bounded in gaps and senders, and still counts', () => {
    const ledger = createLedger();
    for (let sequence = 0n; sequence <= 1000n; sequence += 2n) ledger.enter('a', sequence);
    expect(ledger.enter('a', 995n)).toBe(true);
    expect(ledger.enter('a', 5n)).toBe(false);
    for (let sender = 0; sender < 5000; sender++) ledger.enter(`s${sender}`, 0n);
    expect(ledger.tally()).toEqual({ senders: 5001, datagrams: 5502, lost: 499, duplicates: 1 });
  });

  it('makes no more of a jump than of a step: whoever forges numbers costs nothing', () => {
    const ledger = createLedger();
    const from = process.memoryUsage().heapUsed;
    for (let sender = 0; sender < 1024; sender++)
      for (const sequence of [0n, 2n ** 40n]) ledger.enter(`s${sender}`, sequence);
    expect(process.memoryUsage().heapUsed - from).toBeLessThan(64 * 1024 * 1024);
    expect(ledger.enter('s0', 7n)).toBe(true);
    expect(ledger.tally().lost).toBe(1024 * (2 ** 40 - 1) - 1);
  });
});
