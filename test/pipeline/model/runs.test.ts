import { describe, expect, test } from 'vitest';
import { changeRuns, firstBound, type Run, runsOf, standInsOf, windowRulesOf } from '../../../pipeline/model/runs.ts';
import { rulesOf, SECOND } from './polls.ts';

const rulesFor = (...sizes: readonly number[]) => rulesOf({ sizes: sizes.map((size) => size * SECOND) }).windows;
const [m, h, never] = [60, 3600, Number.POSITIVE_INFINITY];

/** Runs after the configuration was changed at some watermarks, in seconds, as [size, from, until]. */
function changedBy(
  first: readonly number[],
  ...steps: readonly (readonly [at: number, ...sizes: readonly number[]])[]
) {
  let runs = runsOf(rulesFor(...first));
  let changes: readonly unknown[] = [];
  for (const [at, ...sizes] of steps) {
    const changed = changeRuns(runs, rulesFor(...sizes), at * SECOND);
    runs = changed.runs;
    changes = changed.changes.map((each) => [each.change, each.size / SECOND, each.at / SECOND]);
  }
  const plain = runs.map(({ size, bounds }) => [size / SECOND, bounds.from / SECOND, bounds.until / SECOND]);
  return { runs, plain, changes };
}

describe('the bound of a change', () => {
  test.each([
    ['a new size begins at its own first bound', [m], [130, m, 300], [[300, 300, never]]],
    ['a size that goes ends at its own first bound', [m, 300], [130, 300], [[m, -never, 180]]],
    [
      'a greater size in the stead of a smaller one',
      [m],
      [130, 300],
      [
        [300, 300, never],
        [m, -never, 300],
      ],
    ],
    [
      'a smaller one: where the greater one ends',
      [300],
      [130, m],
      [
        [m, 300, never],
        [300, -never, 300],
      ],
    ],
    [
      'sizes that do not divide each other: where both end',
      [90],
      [100, 120],
      [
        [120, 360, never],
        [90, -never, 360],
      ],
    ],
    [
      'several at once: where all end',
      [m, h],
      [130, 120, 300],
      [
        [120, h, never],
        [300, h, never],
        [m, -never, h],
      ],
    ],
    [
      'on the bound itself it takes effect at once',
      [m],
      [300, 300],
      [
        [300, 300, never],
        [m, -never, 300],
      ],
    ],
  ] as const)('%s', (_what, first, step, expected) => {
    expect(changedBy(first, step).plain).toEqual(expect.arrayContaining(expected.map((each) => [...each])));
  });

  test('of sizes that have none in common before the year 2255 is the end of that', () => {
    expect(
      firstBound(
        [86_399_999, 86_399_998].map((size) => size * 1000 + 1),
        1.7e15,
      ),
    ).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('is not moved by starting again, nor are graces that changed forgotten', () => {
    const { runs } = changedBy([m], [130, 300]);
    const graces = rulesOf({ sizes: [300 * SECOND], graces: [7 * SECOND] }).windows;
    const again = changeRuns(runs, graces, 250 * SECOND);
    expect(again.changes).toEqual([]);
    expect(again.was).toEqual([0, 1]);
    expect(again.runs.map(({ bounds, grace }) => [bounds, grace])).toEqual([
      [runs[0]?.bounds, 7 * SECOND],
      [runs[1]?.bounds, 'auto'],
    ]);
  });

  test('before anything was read does not matter: the sizes are those of the configuration', () => {
    expect(changedBy([m], [-never, 300]).plain).toEqual([[300, -never, never]]);
  });
});

describe('going back', () => {
  test('before the bound is as if nothing had happened', () => {
    const { plain, changes } = changedBy([m], [130, 300], [250, m]);
    expect(plain).toEqual([[m, -never, never]]);
    expect(changes).toEqual([['kept', m, 300]]);
  });

  test('on the bound too: nothing was counted in the new windows', () => {
    expect(changedBy([m], [130, 300], [300, m]).plain).toEqual([[m, -never, never]]);
  });

  test('after it is another change, at a bound of its own', () => {
    expect(changedBy([m], [130, 300], [301, m]).plain).toEqual([
      [m, 600, never],
      [300, 300, 600],
      [m, -never, 300],
    ]);
  });

  test('another change before the first took effect is made from where it was', () => {
    expect(changedBy([m], [130, 300], [250, 120]).plain).toEqual([
      [120, 360, never],
      [m, -never, 360],
    ]);
  });
});

test('runs that ended are in the order in which they are let go of, the first one last', () => {
  const { plain } = changedBy([m], [130, 300], [301, m], [700, h]);
  expect(plain.map(([, , until]) => until)).toEqual([never, h, 600, 300]);
});

test('a begin of more than 30 days ago is none any more', () => {
  const { runs } = changedBy([m], [130, 300]);
  const [later] = changeRuns(runs, rulesFor(300), (300 + 31 * 86_400) * SECOND).runs;
  expect(later?.bounds).toEqual({ from: -never, until: never, follows: false });
});

test('rules of runs that are cut for good are those of the configuration', () => {
  const rules = rulesFor(m, 300);
  expect(windowRulesOf(runsOf(rules), rules)).toBe(rules);
});

test('a size that is not configured any more has one in its stead, through several changes, by rank', () => {
  const standIns = (runs: readonly Run[], past: readonly (readonly [number, number])[] = []) =>
    [...standInsOf(runs, new Map(past))].map(([size, by]) => [size / SECOND, by / SECOND]);
  expect(standIns(changedBy([m, h], [130, 120, 7200]).runs)).toEqual([
    [m, 120],
    [h, 7200],
  ]);
  expect(standIns(changedBy([m], [130, 300], [301, 600]).runs)).toEqual(expect.arrayContaining([[m, 600]]));
  expect(standIns(changedBy([m], [130, 300], [301, m]).runs)).toEqual([[300, m]]);
  expect(standIns(runsOf(rulesFor(300)), [[m * SECOND, 300 * SECOND]])).toEqual([[m, 300]]);
  expect(standIns(changedBy([m, 300], [130, 300]).runs)).toEqual([]);
});
