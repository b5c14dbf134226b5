import { describe, expect, it } from 'vitest';
import { createVersus, pairsOf, type WindowDifference } from '../../../pipeline/audit/versus.ts';
import type { Sample } from '../../../pipeline/model/sample.ts';

const S = 1e6;

const deltaOf = (start: number, end: number, volume: number | bigint, over: Partial<Sample> = {}): Sample => ({
  name: 'cpu.delta',
  type: 'delta',
  unit: 'ns',
  volume,
  resource: {
    id: 'vm',
    userId: null,
    userName: null,
    projectId: null,
    projectName: null,
    metadata: { instance_id: 'vm' },
  },
  timestamp: end * S,
  messageId: `${start}-${end}-${over.revision ?? 0}`,
  windowStart: start * S,
  windowEnd: end * S,
  since: null,
  coverage: 1,
  quality: 'measured',
  flags: [],
  spread: null,
  revision: 0,
  ...over,
});

function versusOf(first: readonly number[], other: readonly number[], over: object = {}) {
  const differences: WindowDifference[] = [];
  const versus = createVersus({
    sizes: { first: first.map((size) => size * S), other: other.map((size) => size * S) },
    revises: { first: false, other: false },
    from: Number.NEGATIVE_INFINITY,
    until: Number.POSITIVE_INFINITY,
    onWindow: (difference) => differences.push(difference),
    ...over,
  });
  return { versus, differences };
}

describe('what is compared', () => {
  it.each([
    [[60], [60], [[60, 60]]],
    [[60], [300], [[60, 300]]],
    [
      [60, 300],
      [60, 3600],
      [
        [60, 60],
        [300, 60],
        [60, 3600],
      ],
    ],
  ])('of %j and %j are %j', (first, other, pairs) => {
    expect(pairsOf({ first, other }).map((pair) => [pair.first, pair.other])).toEqual(pairs);
  });
});

describe('two configurations', () => {
  it('of one size are compared window by window, in whatever order they come', () => {
    const { versus, differences } = versusOf([60], [60]);
    versus.take('first', [deltaOf(0, 60, 5), deltaOf(60, 120, 7), deltaOf(120, 180, 1)]);
    versus.take('other', [deltaOf(60, 120, 8, { flags: ['edge'] }), deltaOf(0, 60, 5), deltaOf(180, 240, 1)]);
    const { windows, totals, series, marks } = versus.finish();
    expect(windows).toMatchObject([
      { same: 1, different: 1, onlyFirst: 1, onlyOther: 1, fields: { volume: 1, flags: 1 } },
    ]);
    expect(differences.map(({ first, other, fields }) => [first?.volume, other?.volume, fields])).toEqual([
      [7, 8, ['volume', 'flags']],
      [1, undefined, []],
      [undefined, 1, []],
    ]);
    expect(totals).toMatchObject([{ series: 1, differing: 1, first: 13n, other: 14n }]);
    expect(series).toMatchObject([{ resource: 'vm', first: 13n, other: 14n }]);
    expect(marks.get('edge')).toEqual({ first: 0, other: 1 });
  });

  it('of two sizes have totals to the last unit', () => {
    const { versus, differences } = versusOf([60], [120]);
    versus.take('first', [deltaOf(0, 60, 2n ** 60n + 1n), deltaOf(60, 120, 2n ** 60n)]);
    versus.take('other', [deltaOf(0, 120, 2n ** 61n)]);
    const { windows, series } = versus.finish();
    expect({ windows, differences }).toEqual({ windows: [], differences: [] });
    expect(series).toMatchObject([{ first: 2n ** 61n + 1n, other: 2n ** 61n }]);
  });

  it('are compared within bounds that windows of both have', () => {
    const { versus } = versusOf([60], [120], { from: 0, until: 120 * S });
    versus.take('first', [deltaOf(0, 60, 1), deltaOf(60, 120, 2), deltaOf(120, 180, 4)]);
    versus.take('other', [deltaOf(0, 120, 3)]);
    expect(versus.finish().series).toEqual([]);
  });

  it('count of a window that is revised the last revision', () => {
    const { versus } = versusOf([60], [60], { revises: { first: true, other: false } });
    versus.take('first', [deltaOf(0, 60, 1), deltaOf(0, 60, 3, { revision: 1 }), deltaOf(60, 120, 2)]);
    versus.take('other', [deltaOf(0, 60, 1), deltaOf(60, 120, 4)]);
    expect(versus.finish().totals).toMatchObject([{ first: 5n, other: 5n }]);
  });
});
