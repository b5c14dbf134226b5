import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SliceReader } from '../../../avro/reader.ts';
import { accept, createPartition, type Outcome, tick } from '../../../pipeline/model/partition.ts';
import { residual } from '../../../pipeline/model/residual.ts';
import { rulesOf, SECOND } from './polls.ts';
import { randomLog } from './random-log.ts';

// A gap of a day would fill thousands of windows of seven seconds.
const counters = { ...rulesOf().counters, fillMax: 60 };
const rules = rulesOf(
  { sizes: [60 * SECOND, 7 * SECOND], graces: ['auto', 5 * SECOND] },
  { reorder: 30 * SECOND, counters },
);

const RUNS = process.env.CI ? 3000 : 300;

test.each([
  ['interpolated', rules],
  ['anchored', { ...rules, windows: { ...rules.windows, anchored: true } }],
  ['revised', { ...rules, windows: { ...rules.windows, revise: true } }],
  ['gaps whole', { ...rules, counters: { ...rules.counters, edge: true, fillMax: 3 } }],
] as const)('after every message of any log the residual is 0, and no window came twice, %s', (mode, by) => {
  let messages = 0;
  fc.assert(
    fc.property(randomLog, (log) => {
      const partition = createPartition(by);
      const seen = new Set<string>();
      const note = ({ closed }: Outcome): void => {
        for (const { instance, block, field, size, index, revision } of closed.counters) {
          const window = [instance.key, block.kind, block.device, field, size, index, revision].join(' ');
          expect(seen).not.toContain(window);
          seen.add(window);
        }
      };
      for (const { offset, timestampUs, value } of log) {
        note(accept(partition, by, new SliceReader().read(value), { offset, time: timestampUs, length: value.length }));
        expect(residual(partition)).toBe(0n);
        messages++;
      }
      note(tick(partition, by, Number.MAX_SAFE_INTEGER));
      expect(residual(partition)).toBe(0n);
    }),
    { numRuns: RUNS },
  );
  process.stdout.write(`residual of any log, ${mode}: ${RUNS} cases, ${messages} messages\n`);
});
