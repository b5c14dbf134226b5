import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPartition } from '../../../pipeline/model/partition.ts';
import { advance, autoGrace, createProgress, hear, maxGap, sourceOf } from '../../../pipeline/model/progress.ts';
import { pollOf, received, rulesOf, SECOND, take } from './polls.ts';

/** A source's slice of a poll at `t` seconds, recorded at `now`. */
type Heard = readonly [hypervisor: string, t: number, now: number, interval?: number, kind?: string];

function play(heard: readonly Heard[], reorderS = 0) {
  const progress = createProgress();
  const watermarks = heard.map(([hypervisor, t, now, interval = 10, kind = 'test']) => {
    progress.now = Math.max(progress.now, now * SECOND);
    const { source, poll } = pollOf(t, [], { hypervisor, interval, kind });
    hear(progress, sourceOf(progress, source), poll, 0, progress.now);
    advance(progress, reorderS * SECOND);
    return progress.watermark / SECOND;
  });
  return { progress, watermarks };
}

describe('the watermark', () => {
  test.each<[string, readonly Heard[], readonly number[]]>([
    [
      'is the newest poll of the slowest source',
      [
        ['a', 0, 0],
        ['b', 5, 5],
        ['a', 10, 10],
        ['b', 15, 15],
      ],
      [0, 0, 5, 10],
    ],
    [
      'waits for no announcer, and does not go on with one',
      [
        ['n', 0, 0, 10, 'nova'],
        ['a', 5, 5],
        ['n', 20, 20, 10, 'nova'],
        ['a', 30, 30],
      ],
      [0, 5, 5, 30],
    ],
    [
      'goes on with announcers where there is nobody else',
      [
        ['n', 0, 0, 10, 'nova'],
        ['n', 10, 10, 10, 'nova'],
      ],
      [0, 10],
    ],
    [
      'never goes back: not for a poll that comes late',
      [
        ['a', 50, 50],
        ['a', 20, 51],
      ],
      [50, 50],
    ],
    [
      'nor for a source that is new and behind',
      [
        ['a', 50, 50],
        ['b', 20, 51],
      ],
      [50, 50],
    ],
    [
      'waits for a source of three intervals ago',
      [
        ['a', 0, 0],
        ['b', 30, 30],
      ],
      [0, 0],
    ],
    [
      'and leaves it out when it is longer silent',
      [
        ['a', 0, 0],
        ['b', 30, 30],
        ['b', 31, 31],
      ],
      [0, 0, 31],
    ],
    [
      'waits for it again when it is back',
      [
        ['a', 0, 0],
        ['b', 50, 50],
        ['a', 55, 55],
        ['b', 80, 80],
      ],
      [0, 50, 50, 55],
    ],
    [
      'goes by the log’s time of a source, not its own clock',
      [
        ['a', 100, 0],
        ['b', 5, 5],
      ],
      [100, 100],
    ],
    [
      'gives a slow source three of its own intervals',
      [
        ['a', 0, 0, 60],
        ['b', 180, 180],
        ['b', 181, 181],
      ],
      [0, 0, 181],
    ],
  ])('%s', (_what, heard, expected) => {
    expect(play(heard).watermarks).toEqual(expected);
  });

  test('is the reorder bound behind', () => {
    expect(play([['a', 50, 50]], 20).watermarks).toEqual([30]);
  });

  test('goes on by the time of the log while every source is idle, from the newest poll of all', () => {
    const { progress } = play([
      ['a', 10, 10],
      ['b', 14, 16],
    ]);
    const watermarks = [40, 46, 47, 60, 1000].map((now) => {
      progress.now = now * SECOND;
      advance(progress, 0);
      return progress.watermark / SECOND;
    });
    expect(watermarks).toEqual([10, 14, 45, 58, 998]);
  });

  test('never goes back, whatever is heard', () => {
    const heard = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(1000), fc.nat(1000), fc.constantFrom(1, 10, 60));
    fc.assert(
      fc.property(fc.array(heard, { maxLength: 40 }), fc.nat(50), (all, reorder) => {
        const { watermarks } = play(all, reorder);
        expect(watermarks).toEqual([...watermarks].sort((a, b) => a - b));
      }),
    );
  });

  test('the stream starts at the smallest scheduled time', () => {
    expect(
      play([
        ['a', 20, 20],
        ['b', 10, 21],
        ['a', 30, 30],
      ]).progress.streamStart,
    ).toBe(10 * SECOND);
  });
});

describe('the automatic grace', () => {
  test.each<[string, readonly Heard[], number]>([
    ['is at least 30 s', [['a', 0, 0, 1]], 30],
    [
      'is the longest gap that is none of the slowest source',
      [
        ['a', 0, 0, 60],
        ['b', 1, 1, 10],
      ],
      210,
    ],
    [
      'of those that are not idle',
      [
        ['a', 0, 0, 60],
        ['b', 181, 181, 10],
      ],
      35,
    ],
  ])('%s', (_what, heard, seconds) => {
    expect(autoGrace(play(heard).progress)).toBe(seconds * SECOND);
  });

  test('a gap is longer than three and a half intervals', () => {
    expect(maxGap(10 * SECOND)).toBe(35 * SECOND);
  });
});

/** Readings of one VM: poll's time, value, epoch, and the host's boot as told with the poll, all in seconds. */
type Reading = readonly [t: number, v: bigint, epoch: string, bootedAt: number];

/** The sum of the deltas after everything has ended, and what was dropped. */
function count(readings: readonly Reading[], reorderS = 0) {
  const rules = rulesOf({ graces: [0] }, { reorder: reorderS * SECOND });
  const partition = createPartition(rules);
  const outcomes = readings.map(([t, v, epoch, bootedAt]) =>
    take(partition, rules, pollOf(t, [received(t, v, { epoch })], { bootedAt })),
  );
  outcomes.push(take(partition, rules, pollOf(10_000, [])), take(partition, rules, pollOf(20_000, [])));
  const total = outcomes.flatMap(({ closed }) => closed.counters).reduce((sum, { delta }) => sum + BigInt(delta), 0n);
  const tallies = outcomes.map(({ tally }) => tally);
  const sum = (of: (tally: (typeof tallies)[number]) => number) => tallies.reduce((all, tally) => all + of(tally), 0);
  return {
    total,
    resets: sum(({ events }) => events.reset),
    regressions: sum(({ events }) => events.regression),
    dropped: sum(({ drops }) => drops.late + drops.duplicate + drops.conflict),
  };
}

describe('a boot of the host', () => {
  test('after the last poll ends every epoch: one of the same name counts from zero', () => {
    const readings: Reading[] = [
      [0, 1000n, '1', -500],
      [10, 1200n, '1', -500],
      [40, 300n, '1', 25],
      [50, 350n, '1', 25],
    ];
    expect(count(readings)).toEqual({ total: 200n + 350n, resets: 1, regressions: 0, dropped: 0 });
  });

  test('also where the counter has already grown past where it was', () => {
    const readings: Reading[] = [
      [0, 10n, '1', -500],
      [10, 20n, '1', -500],
      [40, 300n, '1', 25],
    ];
    expect(count(readings)).toMatchObject({ total: 10n + 300n, resets: 1 });
  });

  test('told with an error that wobbles ends none', () => {
    const readings: Reading[] = [-500, -498, -503, -400, -500].map((bootedAt, index) => [
      index * 10,
      BigInt(1000 + index * 10),
      '1',
      bootedAt,
    ]);
    expect(count(readings)).toEqual({ total: 40n, resets: 0, regressions: 0, dropped: 0 });
  });

  test('that wobbles afterwards is the same boot', () => {
    const readings: Reading[] = [
      [0, 1000n, '1', -500],
      [40, 300n, '1', 25],
      [50, 310n, '1', 27],
      [60, 320n, '1', 22],
    ];
    expect(count(readings)).toMatchObject({ total: 320n, resets: 1, regressions: 0 });
  });

  test('leaves polls of before it, which come again or late, in the time before it', () => {
    const readings: Reading[] = [
      [0, 1000n, '1', -500],
      [10, 1200n, '1', -500],
      [40, 300n, '2', 25],
      [10, 1200n, '1', -500],
      [5, 1100n, '1', -500],
      [50, 350n, '2', 25],
    ];
    expect(count(readings)).toEqual({ total: 200n + 350n, resets: 1, regressions: 0, dropped: 2 });
  });

  test('overtaken by polls of before it within the reorder bound is sorted in', () => {
    const readings: Reading[] = [
      [0, 1000n, '1', -500],
      [40, 300n, '1', 25],
      [10, 1200n, '1', -500],
      [50, 350n, '1', 25],
      [100, 360n, '1', 25],
    ];
    expect(count(readings, 60)).toMatchObject({ total: 200n + 360n, resets: 1, dropped: 0 });
  });
});

test('an announcer begins no stream, and nobody waits a grace for it', () => {
  const { progress } = play([
    ['n', 0, 0, 600, 'nova'],
    ['a', 30, 30],
  ]);
  expect(progress.streamStart).toBe(30 * SECOND);
  expect(autoGrace(progress)).toBe(35 * SECOND);
  expect(autoGrace(play([['n', 0, 0, 600, 'nova']]).progress)).toBe(2100 * SECOND);
});
