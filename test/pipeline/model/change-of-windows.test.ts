import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SliceReader } from '../../../avro/reader.ts';
import type { Closed } from '../../../pipeline/model/closed.ts';
import { accept, createPartition, type Partition, refill, tick } from '../../../pipeline/model/partition.ts';
import { residual } from '../../../pipeline/model/residual.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { restorePartition, takeChanges } from '../../../pipeline/model/saved.ts';
import { rulesOf, SECOND } from './polls.ts';
import { type LoggedMessage, randomLog } from './random-log.ts';

const RUNS = process.env.CI ? 200 : 60;
/** Long after any log, so that silence has closed every window. */
const FAR = 10_000_000 * SECOND;

/** How windows are cut besides their sizes. */
const manner = fc.record({
  anchored: fc.boolean(),
  edge: fc.boolean(),
  fillMax: fc.constantFrom(2, 60),
  reorder: fc.constantFrom(0, 30),
  grace: fc.constantFrom<number | 'auto'>('auto', 5 * SECOND, 700 * SECOND),
});
type Manner = typeof manner extends fc.Arbitrary<infer Value> ? Value : never;

const rulesFor = (sizes: readonly number[], { anchored, edge, fillMax, reorder, grace }: Manner): Rules =>
  rulesOf(
    { sizes: sizes.map((size) => size * SECOND), graces: sizes.map(() => grace), anchored },
    { reorder: reorder * SECOND, counters: { maxSkew: 60 * SECOND, fillMax, edge } },
  );

interface Window {
  readonly series: string;
  readonly size: number;
  readonly start: number;
  readonly delta: bigint;
}

const windowsOf = ({ counters, sizes }: Closed): readonly Window[] =>
  counters.map(({ instance, block, field, size, index, delta }) => ({
    series: `${instance.key}/${block.kind}/${block.deviceId}/${field}`,
    size: (sizes[size] as number) / SECOND,
    start: (index * (sizes[size] as number)) / SECOND,
    delta: BigInt(delta),
  }));

/** Before the message of an offset the process ends, and another one goes on with these sizes. */
interface Step {
  readonly offset: number;
  readonly sizes: readonly number[];
}

/** Goes on with what was saved; the change is told only by what comes out. */
function playedOn(log: readonly LoggedMessage[], first: readonly number[], steps: readonly Step[], how: Manner) {
  const store = new Map<string, Buffer>();
  let rules = rulesFor(first, how);
  let partition = createPartition(rules);
  const windows: Window[] = [];
  const changes: { readonly size: number; readonly change: string; readonly at: number }[] = [];
  for (const { offset, timestampUs, value } of log) {
    for (const step of steps.filter((each) => each.offset === offset)) {
      rules = rulesFor(step.sizes, how);
      const taken = takeChanges(partition, offset);
      for (const key of taken.gone) store.delete(key);
      for (const [key, record] of taken.changed) store.set(key, record);
      const restored = restorePartition(rules, { partition: taken.partition, instances: new Map(store) });
      partition = restored.partition;
      for (const { size, change, at } of restored.changes)
        changes.push({ size: size / SECOND, change, at: at / SECOND });
      for (let again = taken.resumeOffset; again < offset; again++)
        refill(partition, rules, new SliceReader().read((log[again] as LoggedMessage).value), again);
    }
    const record = { offset, time: timestampUs, length: value.length };
    windows.push(...windowsOf(accept(partition, rules, new SliceReader().read(value), record).closed));
    expect(residual(partition)).toBe(0n);
  }
  windows.push(...windowsOf(tick(partition, rules, FAR).closed));
  expect(residual(partition)).toBe(0n);
  return { windows, changes, partition };
}

/** By series; nothing where nothing grew. */
function sums(windows: readonly Window[]): ReadonlyMap<string, bigint> {
  const bySeries = new Map<string, bigint>();
  for (const { series, delta } of windows) bySeries.set(series, (bySeries.get(series) ?? 0n) + delta);
  return new Map([...bySeries].filter(([, sum]) => sum !== 0n).sort());
}

const sizes = fc.constantFrom(60, 90, 300, 420, 3600);

test('deltas over old and then new windows sum to the growth, and every instant is in one window', () => {
  let changed = 0;
  fc.assert(
    fc.property(
      randomLog,
      sizes,
      fc.array(fc.record({ offset: fc.nat(60), size: sizes }), { minLength: 1, maxLength: 5 }),
      manner,
      (log, first, drawn, how) => {
        const steps = drawn.map(({ offset, size }) => ({ offset, sizes: [size] })).sort((a, b) => a.offset - b.offset);
        const { windows, changes } = playedOn(log, [first], steps, how);
        const whole = playedOn(log, [first], [], how);
        changed += changes.length;
        expect(sums(windows)).toEqual(sums(whole.windows));
        // No window overlaps another one of its series but itself, and none is there twice.
        const inOrder = windows.toSorted((a, b) => a.series.localeCompare(b.series) || a.start - b.start);
        inOrder.forEach(({ series, start }, n) => {
          const before = inOrder[n - 1];
          if (before?.series === series) expect(start).toBeGreaterThanOrEqual(before.start + before.size);
        });
      },
    ),
    { numRuns: RUNS },
  );
  process.stdout.write(`changes of windows in any log: ${RUNS} cases, ${changed} changes\n`);
});

test('so do those of several sizes that are replaced together, beside one that stays', () => {
  fc.assert(
    fc.property(randomLog, fc.nat(60), fc.nat(60), manner, (log, there, back, how) => {
      const [first, second] = [there, back].sort((a, b) => a - b) as [number, number];
      const before = [60, 90, 420];
      const steps = [
        { offset: first, sizes: [300, 420, 3600] },
        { offset: second, sizes: before },
      ];
      const { windows } = playedOn(log, before, steps, how);
      const whole = playedOn(log, before, [], how);
      for (const chain of [[60, 300], [90, 3600], [420]]) {
        const of = (all: readonly Window[]) => sums(all.filter(({ size }) => chain.includes(size)));
        const [one] = chain;
        expect(of(windows)).toEqual(sums(whole.windows.filter(({ size }) => size === one)));
      }
    }),
    { numRuns: RUNS },
  );
});

test('a size that is added or dropped by itself has whole windows alone, of the deltas that it would have had', () => {
  fc.assert(
    fc.property(randomLog, fc.nat(60), fc.nat(60), manner, (log, there, back, how) => {
      const [first, second] = [there, back].sort((a, b) => a - b) as [number, number];
      const steps = [
        { offset: first, sizes: [60, 300] },
        { offset: second, sizes: [60] },
      ];
      const { windows, changes } = playedOn(log, [60], steps, how);
      const whole = playedOn(log, [60], [], how);
      expect(sums(windows.filter(({ size }) => size === 60))).toEqual(sums(whole.windows));
      const from = changes.find(({ change }) => change === 'added')?.at ?? 0;
      const until = changes.findLast(({ change }) => change === 'dropped')?.at ?? Number.POSITIVE_INFINITY;
      for (const { size, start } of windows) {
        if (size !== 300) continue;
        expect(start).toBeGreaterThanOrEqual(from);
        expect(start + 300).toBeLessThanOrEqual(until);
      }
    }),
    { numRuns: RUNS },
  );
});

/** All runs of a partition, as [size, from, until] in seconds. */
const runsIn = ({ runs }: Partition) =>
  runs.map(({ size, bounds }) => [size / SECOND, bounds.from / SECOND, bounds.until / SECOND]);

test('what has ended is let go of once everything of before the bound has come', () => {
  fc.assert(
    fc.property(randomLog, manner, (log, how) => {
      const { partition } = playedOn(log, [60], [{ offset: 1, sizes: [300] }], how);
      for (const each of runsIn(partition)) expect(each[2]).toBe(Number.POSITIVE_INFINITY);
    }),
    { numRuns: 10 },
  );
});
