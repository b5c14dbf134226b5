import { describe, expect, test } from 'vitest';
import type { ClosedCounter } from '../../../pipeline/model/closed.ts';
import { flagNames } from '../../../pipeline/model/flags.ts';
import { type Example, type ExampleWindow, examples, run } from './examples.ts';

const SECOND = 1e6;

/** What the examples say of a window, as far as they say it. */
function shown(window: ClosedCounter, example: Example, expected: ExampleWindow | undefined): ExampleWindow {
  const decimals = (text: string | null | undefined) => text?.split('.')[1]?.length ?? 0;
  const size = example.windowSeconds * SECOND;
  const rate =
    window.rateTime === 0
      ? null
      : (Number(window.rateDelta) / (window.rateTime / SECOND)).toFixed(decimals(expected?.rate));
  return {
    windowStart: window.index * example.windowSeconds,
    delta: String(window.delta),
    ...(expected?.rate === undefined ? {} : { rate }),
    ...(expected?.coverage === undefined
      ? {}
      : { coverage: (window.covered / size).toFixed(decimals(expected.coverage)) }),
    ...(expected?.flags === undefined ? {} : { flags: [...flagNames(window.flags)].sort() }),
  };
}

function check(example: Example): void {
  const { windows, gauges, tally } = run(example);
  const sorted = [...windows].sort((a, b) => a.index - b.index);
  const carrying = sorted.filter(
    ({ delta, index }) =>
      delta !== 0 || example.expected.some(({ windowStart }) => windowStart === index * example.windowSeconds),
  );
  // A window that nothing touched may be listed (delta 0, no rate) and need not come out.
  const untouched = ({ windowStart, delta, flags }: ExampleWindow) =>
    delta === '0' && !flags && !windows.some(({ index }) => index * example.windowSeconds === windowStart);
  const expected = example.expected
    .filter((window) => !untouched(window))
    .map(({ gauges: _, ...window }) => ({
      ...window,
      ...(window.flags ? { flags: [...window.flags].sort() } : {}),
    }));
  expect(
    carrying.map((window) =>
      shown(
        window,
        example,
        expected.find(({ windowStart }) => windowStart === window.index * example.windowSeconds),
      ),
    ),
  ).toEqual(expected);
  if (example.expectedTotal !== undefined) {
    expect(windows.reduce((sum, { delta }) => sum + BigInt(delta), 0n)).toBe(BigInt(example.expectedTotal));
  }
  const counts: Record<string, number> = { ...tally.drops, ...tally.events };
  counts.dup_or_late = tally.drops.duplicate + tally.drops.late;
  for (const [name, count] of Object.entries(example.expectedCounters ?? {}))
    expect([name, counts[name]]).toEqual([name, count]);
  for (const { windowStart, gauges: read } of example.expected) {
    if (!read) continue;
    const spread = gauges.find(({ index }) => index * example.windowSeconds === windowStart);
    const values = read.map(Number);
    expect(spread).toMatchObject({ last: values.at(-1), least: Math.min(...values), most: Math.max(...values) });
  }
  for (const { t, v } of example.cumulative ?? []) {
    const window = windows.find(({ index }) => (index + 1) * example.windowSeconds === t);
    if (window) expect(String(window.total)).toBe(v);
  }
}

for (const file of ['counter-examples.json', 'counter-examples-rulings.json']) {
  describe(file, () => {
    for (const example of examples(file)) {
      test(example.id, () => check(example));
    }
  });
}
