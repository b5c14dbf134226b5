import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SliceReader } from '../../../avro/reader.ts';
import { residualOf } from '../../../pipeline/audit/audit.ts';
import type { RawMessage } from '../../../pipeline/audit/replay.ts';
import { derive } from '../../../pipeline/model/derive.ts';
import { select } from '../../../pipeline/model/meters.ts';
import { accept, createPartition, type Partition, refill } from '../../../pipeline/model/partition.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { restorePartition, takeChanges } from '../../../pipeline/model/saved.ts';
import { jsonLine } from '../../../pipeline/sinks/json-line.ts';
import { rulesOf, SECOND } from '../model/polls.ts';
import { randomLog } from '../model/random-log.ts';
import { auditOf, fileOf, logOf } from './recorded.ts';

const counters = { ...rulesOf().counters, fillMax: 60 };
const rulesFor = (...sizes: readonly number[]): Rules =>
  rulesOf({ sizes: sizes.map((size) => size * SECOND) }, { reorder: 30 * SECOND, counters });
const deriveRules = { selection: select(['*']), gauges: 'last' as const };

/** Before the message of a place in the log the process ends, and another one goes on with these sizes. */
type Step = readonly [place: number, ...sizes: readonly number[]];

/** What pipelines publish of a log, one after the other, each by its own configuration. */
function publishedThrough(log: readonly RawMessage[], first: readonly number[], steps: readonly Step[]): string[] {
  let rules = rulesFor(...first);
  const partitions = new Map<number, { partition: Partition; readonly store: Map<string, Buffer>; next: number }>();
  const lines: string[] = [];
  const again = (index: number, of: { partition: Partition; readonly store: Map<string, Buffer>; next: number }) => {
    const taken = takeChanges(of.partition, of.next);
    for (const key of taken.gone) of.store.delete(key);
    for (const [key, record] of taken.changed) of.store.set(key, record);
    of.partition = restorePartition(rules, { partition: taken.partition, instances: new Map(of.store) }).partition;
    for (const { partition, offset, value } of log)
      if (partition === index && offset >= taken.resumeOffset && offset < of.next)
        refill(of.partition, rules, new SliceReader().read(value), offset);
  };
  for (const [place, { partition: index, offset, timestampUs, value }] of log.entries()) {
    for (const [, ...sizes] of steps.filter(([at]) => at === place)) {
      rules = rulesFor(...sizes);
      for (const [number, of] of partitions) again(number, of);
    }
    const of = partitions.get(index) ?? { partition: createPartition(rules), store: new Map(), next: 0 };
    partitions.set(index, of);
    of.next = offset + 1;
    const record = { offset, time: timestampUs, length: value.length };
    const { closed } = accept(of.partition, rules, new SliceReader().read(value), record);
    lines.push(...derive(closed, deriveRules).map(jsonLine));
  }
  return lines;
}

const MINUTES = 24;

describe('windows that were changed while a fleet was metered', () => {
  const log = logOf({ hosts: 1, instances: 3 }, MINUTES);
  const at = (minute: number): number => Math.floor((log.length * minute) / MINUTES);
  const clean = { lost: 0, wrong: 0, unexpected: 0 };

  test.each<[string, readonly number[], readonly Step[], number]>([
    ['from a minute to five', [60], [[at(8), 300]], 1],
    ['from five minutes to one', [300], [[at(8), 60]], 1],
    [
      'there and back',
      [60],
      [
        [at(6), 300],
        [at(13), 60],
      ],
      2,
    ],
    [
      'there and back before it took effect',
      [60],
      [
        [at(11), 1200],
        [at(12), 60],
      ],
      0,
    ],
    ['beside one that stays', [60, 120], [[at(8), 300, 120]], 1],
    ['two at once', [60, 120], [[at(8), 90, 360]], 2],
  ])('%s: nothing is lost, nothing doubled', async (_what, first, steps, changes) => {
    const sizes = steps.at(-1)?.slice(1) ?? first;
    const lines = publishedThrough(log, first, steps);
    const verdict = await auditOf(log, [fileOf(lines)], rulesFor(...sizes));
    expect(verdict.imbalances).toEqual([]);
    expect(verdict.windows).toMatchObject(clean);
    expect(verdict.windows.expected).toBe(lines.length);
    expect(new Set(verdict.changes.map(({ size, at: bound }) => `${size} ${bound}`)).size).toBe(changes);
  });

  test('an old window that is gone is missed, and a new one too', async () => {
    const lines = publishedThrough(log, [60], [[at(8), 300]]);
    const sizeOf = (line: string): number => {
      const { window_start, window_end } = JSON.parse(line) as { window_start: string; window_end: string };
      return (Date.parse(window_end) - Date.parse(window_start)) / 1000;
    };
    const isDelta = (line: string) => (JSON.parse(line) as { counter_type: string }).counter_type === 'delta';
    for (const size of [60, 300]) {
      const gone = lines.findLast(
        (line) => sizeOf(line) === size && isDelta(line) && !/"counter_volume":0[,}]/.test(line),
      );
      const verdict = await auditOf(log, [fileOf(lines.filter((line) => line !== gone))], rulesFor(300));
      expect(verdict.windows.lost).toBe(1);
    }
  });
});

test('of any log, changed anywhere', async () => {
  const sizes = fc.constantFrom(60, 90, 300);
  await fc.assert(
    fc.asyncProperty(randomLog, sizes, sizes, fc.nat(60), async (log, first, then, place) => {
      const lines = publishedThrough(log, [first], [[place, then]]);
      const verdict = await auditOf(log, [fileOf(lines)], rulesFor(place < log.length ? then : first));
      expect(verdict.imbalances).toEqual([]);
      expect(residualOf(verdict)).toBe(0n);
    }),
    { numRuns: process.env.CI ? 100 : 30, seed: 5 },
  );
});
