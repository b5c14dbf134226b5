import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SliceReader } from '../../../avro/reader.ts';
import { derive } from '../../../pipeline/model/derive.ts';
import { select } from '../../../pipeline/model/meters.ts';
import { accept, createPartition, refill } from '../../../pipeline/model/partition.ts';
import { restorePartition, takeChanges } from '../../../pipeline/model/saved.ts';
import { jsonLine } from '../../../pipeline/sinks/json-line.ts';
import { rulesOf, SECOND } from './polls.ts';
import { type LoggedMessage, randomLog } from './random-log.ts';

const counters = { ...rulesOf().counters, fillMax: 60 };
const rules = rulesOf({ sizes: [60 * SECOND, 300 * SECOND] }, { reorder: 30 * SECOND, counters });
const deriveRules = { selection: select(['*']), gauges: 'last' as const };

const RUNS = process.env.CI ? 1000 : 150;

/** What each message of a log lets out; before some of them the process ends, and another one goes on. */
function play(log: readonly LoggedMessage[], crashes: ReadonlySet<number>): readonly (readonly string[])[] {
  const store = new Map<string, Buffer>();
  let partition = createPartition(rules);
  return log.map(({ offset, timestampUs, value }) => {
    if (crashes.has(offset)) {
      const { partition: bytes, changed, gone, resumeOffset } = takeChanges(partition, offset);
      for (const key of gone) store.delete(key);
      for (const [key, record] of changed) store.set(key, record);
      ({ partition } = restorePartition(rules, { partition: bytes, instances: new Map(store) }));
      for (let again = resumeOffset; again < offset; again++)
        refill(partition, rules, new SliceReader().read((log[again] as LoggedMessage).value), again);
    }
    const record = { offset, time: timestampUs, length: value.length };
    const { closed } = accept(partition, rules, new SliceReader().read(value), record);
    // A store keeps instances in an order of its own.
    return derive(closed, deriveRules).map(jsonLine).sort();
  });
}

test('a process that goes on with the saved state lets out what one does that never ended', () => {
  let lines = 0;
  fc.assert(
    fc.property(randomLog, fc.array(fc.nat(60), { maxLength: 12 }), (log, crashes) => {
      const whole = play(log, new Set());
      lines += whole.flat().length;
      expect(play(log, new Set(crashes))).toEqual(whole);
    }),
    { numRuns: RUNS },
  );
  process.stdout.write(`restarts of any log: ${RUNS} cases, ${lines} samples\n`);
});
