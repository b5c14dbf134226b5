import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextDue, phaseOf } from '../../connectors/phase.ts';

const time = fc.integer({ min: 0, max: 4e15 });
const interval = fc.integer({ min: 1_000_000, max: 3_600_000_000 });

describe('phase', () => {
  test.each([
    ['before the first', 1_000, 10_000, 2_000, 2_000],
    ['exactly on one', 2_000, 10_000, 2_000, 12_000],
    ['just after one', 2_001, 10_000, 2_000, 12_000],
    ['without phase', 9_999, 10_000, 0, 10_000],
  ])('the next due time, %s', (_, now, every, phase, due) => {
    expect(nextDue(now, every, phase)).toBe(due);
  });

  test('due times lie on one grid, whatever the time they are asked at', () => {
    fc.assert(
      fc.property(time, interval, fc.string(), (now, every, id) => {
        const phase = phaseOf(id, every);
        const due = nextDue(now, every, phase);
        expect(due).toBeGreaterThan(now);
        expect(due - now).toBeLessThanOrEqual(every);
        expect((due - phase) % every).toBe(0);
        expect(nextDue(due, every, phase)).toBe(due + every);
      }),
    );
  });

  test('is the same for the same hypervisor and spreads a fleet over the interval', () => {
    expect(phaseOf('kvm1', 10_000_000)).toBe(phaseOf('kvm1', 10_000_000));
    const tenths = new Array<number>(10).fill(0);
    for (let host = 0; host < 1000; host++) {
      const tenth = Math.floor(phaseOf(`host-${host}`, 10_000_000) / 1_000_000);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const hosts of tenths) expect(hosts).toBeGreaterThan(60);
  });
});
