import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../connectors/xenapi/decode.ts';
import { readLegend } from '../../../connectors/xenapi/legend.ts';
import { pick } from '../../../connectors/xenapi/pick.ts';

const columns = readLegend(['AVERAGE:vm:u:cpu0', 'AVERAGE:vm:u:memory']).vms.get('u');
const shown = (t: number, stepS = 60, values = [1, 1]): Reading => ({
  columns: columns ?? ({} as never),
  row: { t, values },
  stepS,
});
const rules = (markS: number, stepS = 60) => ({ stepS, coarsestS: 60, markS, untilS: 1e9 });
const ends = (candidates: readonly Reading[], markS: number, stepS?: number) =>
  pick(candidates, rules(markS, stepS)).readings.map(({ row, stepS: step }) => [row.t, step]);

describe('what is taken of all that was shown', () => {
  it('is new, oldest first', () => {
    expect(ends([shown(180), shown(120), shown(60)], 60)).toEqual([
      [120, 60],
      [180, 60],
    ]);
  });

  it('has come: what is of the future is left for later', () => {
    const { readings } = pick([shown(60), shown(120), shown(180)], { ...rules(0), untilS: 120 });
    expect(readings.map(({ row }) => row.t)).toEqual([60, 120]);
  });

  it('is each time once: that of the host which knows more', () => {
    const [nothing, some, all] = [
      [Number.NaN, Number.NaN],
      [1, Number.NaN],
      [2, 2],
    ];
    const values = (...candidates: Reading[]) => pick(candidates, rules(0)).readings.map(({ row }) => row.values);
    expect(values(shown(60, 60, nothing), shown(60, 60, all))).toEqual([all]);
    expect(values(shown(60, 60, all), shown(60, 60, some))).toEqual([all]);
  });

  it('is coarse where the fine archive does not reach', () => {
    const fine = [140, 145, 150, 155, 160, 165, 170, 175, 180, 185].map((t) => shown(t, 5));
    const coarse = [60, 120, 180].map((t) => shown(t));
    expect(ends([...fine, ...coarse], 0, 5)).toEqual([
      [60, 60],
      [120, 60],
      [180, 60],
      [185, 5],
    ]);
  });

  it('is never coarser than a minute, and never reaches over what was taken', () => {
    expect(pick([shown(3600, 3600)], rules(0))).toEqual({ readings: [], coarser: 1 });
    expect(pick([shown(120), shown(180)], rules(90, 5))).toMatchObject({ readings: [{ row: { t: 180 } }], coarser: 1 });
    expect(pick([shown(3600, 3600)], rules(3600))).toEqual({ readings: [], coarser: 0 });
  });

  it('never covers a moment twice, whatever was shown and taken before', () => {
    const any = fc.record({
      n: fc.integer({ min: 1, max: 60 }),
      stepS: fc.constantFrom(5, 60, 3600),
    });
    fc.assert(
      fc.property(
        fc.array(any, { maxLength: 40 }),
        fc.integer({ min: 0, max: 600 }),
        fc.constantFrom(5, 60),
        (all, markS, stepS) => {
          const candidates = all.map(({ n, stepS: step }) => shown(n * step, step));
          let until = markS;
          for (const { row, stepS: step } of pick(candidates, rules(markS, stepS)).readings) {
            expect(row.t - step).toBeGreaterThanOrEqual(until);
            until = row.t;
          }
        },
      ),
    );
  });
});
