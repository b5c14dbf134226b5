import fc from 'fast-check';
import { expect, test } from 'vitest';
import { residualOf } from '../../../pipeline/audit/audit.ts';
import { rulesOf, SECOND } from '../model/polls.ts';
import { randomLog } from '../model/random-log.ts';
import { auditOf, fileOf, publishedFrom } from './recorded.ts';

const SIZES = [60 * SECOND, 7 * SECOND];
// A gap of a day would fill thousands of windows of seven seconds.
const counters = { ...rulesOf().counters, fillMax: 60 };
const rules = rulesOf({ sizes: SIZES, graces: ['auto', 'auto'] }, { reorder: 30 * SECOND, counters });

const RUNS = process.env.CI ? 1000 : 300;

test.each([
  ['interpolated', rules],
  ['anchored', { ...rules, windows: { ...rules.windows, anchored: true } }],
  ['gaps whole', { ...rules, counters: { ...rules.counters, edge: true, fillMax: 3 } }],
] as const)('what the model makes of any log is what the counters did, %s', async (mode, by) => {
  await fc.assert(
    fc.asyncProperty(randomLog, async (log) => {
      const verdict = await auditOf(log, [fileOf(publishedFrom(log, by))], by);
      expect(verdict.imbalances).toEqual([]);
      expect(residualOf(verdict)).toBe(0n);
      expect(verdict.windows).toMatchObject({ lost: 0, wrong: 0, unexpected: 0 });
    }),
    // The same logs every time: whoever looks for new ones changes the seed.
    { numRuns: RUNS, seed: 3 },
  );
  process.stdout.write(`audit of any log, ${mode}: ${RUNS} cases\n`);
});

/** As many as it takes to meet growth that silence had closed and that is carried over the beginning. */
const CUTS = 500;

test('what the model makes of any log is what the counters did from any time on', async () => {
  const short = rulesOf({ sizes: [10 * SECOND], graces: ['auto'] }, { reorder: 30 * SECOND, counters });
  await fc.assert(
    fc.asyncProperty(randomLog, fc.integer({ min: 100, max: 160 }), async (log, n) => {
      const bounds = { from: n * 10 * SECOND, until: Number.POSITIVE_INFINITY };
      const verdict = await auditOf(log, [fileOf(publishedFrom(log, short))], short, { bounds });
      expect(verdict.imbalances).toEqual([]);
      expect(verdict.windows).toMatchObject({ lost: 0, wrong: 0, unexpected: 0 });
    }),
    { numRuns: CUTS, seed: 3 },
  );
});
