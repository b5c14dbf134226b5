import { describe, expect, test } from 'vitest';
import { messagesOf } from './messages.ts';
import { parseScripts } from './parse.ts';

const LOAD = 'load rxBytes\n  0s a 1 2 3\n';
const script = (rest: string): string => `script A title\n${rest}`;

describe('a file that cannot be read names the line and what is wrong', () => {
  test.each([
    ['load rxBytes', 'f:1: a script begins with "script" and its title'],
    ['script', 'f:1: the title is missing'],
    [script('load rxBytes # no lines\nexpect nothing'), 'f:2: the load has no lines'],
    [script('expect nothing'), 'f:1: nothing is loaded'],
    [script(LOAD), 'f:1: nothing is expected; if nothing is to come, say "expect nothing"'],
    [script(`${LOAD}expect any`), 'f:1: nothing is expected; if nothing is to come, say "expect nothing"'],
    [script(`${LOAD}expect nothing\nexpect 0s..60s delta 2`), 'f:1: nothing is expected and something as well'],
    [script(`${LOAD}\n# a comment\ntock 5s`), 'f:6: "tock" is no statement; there are windows, load,'],
    [script(`${LOAD}tick`), 'f:4: the time is missing'],
    [script(`${LOAD}tick soon`), 'f:4: the time is to be like 60s, 1m30s or 2026-01-01T00:00:00Z, not "soon"'],
    [script(`${LOAD}tick 2262-04-11T23:47:16Z`), 'f:4: the time is to be like'],
    [script(`${LOAD}drain now`), 'f:4: "now" is too much'],
    [script(`${LOAD}fails`), 'f:4: say why it fails'],
    [script('  0s a 1'), 'f:2: a line that is set in belongs under a load'],
    [script(`${LOAD}drain\n  30s a 4`), 'f:5: a line that is set in belongs under a load'],
    [script('windows'), 'f:2: the size of the windows is missing, like 60s'],
    [script('windows 60s late drop'), 'f:2: "drop" is neither carry nor revise'],
    [script('windows 60s graze 5s'), 'f:2: "graze" is not known here; known are grace, reorder,'],
    [script('load'), 'f:2: a series is missing'],
    [script('load rxByte'), 'f:2: "rxByte" names no statistic of an instance, a disk or a nic'],
    [script('load an-instance-by-name:rxBytes'), 'f:2: the name an-instance-by-name is longer than 16 bytes'],
    [script('load vda.cpuTime'), 'f:2: cpuTime belongs to no device'],
    [script('load rxBytes width 31'), 'f:2: a width is 32 or 64'],
    [script('load rxBytes max-rate fast'), 'f:2: the maximum rate is to be like 12, 1e9 or 2^32-1, not "fast"'],
    [script('load rxBytes\n  a 1 2'), 'f:3: the time of the first poll is to be like'],
    [script('load rxBytes\n  0s 1 2'), 'f:3: the epoch is missing before "1"; it may be "unnamed"'],
    [script('load rxBytes\n  0s a@soon 2'), 'f:3: the start of an epoch is to be like 60s, not "soon"'],
    [script('load rxBytes\n  0s a 1 two 3'), 'f:3: "two" is not known here; known are late, again,'],
    [script('load rxBytes\n  0s a 2^64'), 'f:3: a value is to be like 5, 2^32-1, 0+10x6, _, -, ? or off, not "2^64"'],
    [script('load rxBytes\n  0s a 5-2x3'), 'f:3: a value is to be like'],
    [script('load rxBytes\n  0s a 1 2 dated 5s'), 'f:3: "dated" is for a line with one cell'],
    [script(`${LOAD}expect 60s..0s delta 1`), 'f:4: a window is to be like 60s..120s, not "60s..0s"'],
    [script(`${LOAD}expect 60s delta 1`), 'f:4: a window is to be like 60s..120s, not "60s"'],
    [script(`${LOAD}expect 0s..60s delta`), 'f:4: a value of delta is missing'],
    [script(`${LOAD}expect 0s..60s speed 5`), 'f:4: "speed" is not known here; known are times, delta,'],
    [script(`${LOAD}expect 0s..60s times 0 delta 5`), 'f:4: "times" is at least 1'],
    [script(`${LOAD}expect txBytes 0s..60s delta 1`), 'f:4: txBytes is not loaded'],
    [script(`${LOAD}load txBytes\n  0s a 1\nexpect 0s..60s delta 1`), 'f:6: several series are loaded: say which one'],
    [script(`${LOAD}expect total rxBytes much`), 'f:4: the total is to be like'],
    [script(`${LOAD}expect drops`), 'f:4: one of duplicate, late,'],
    [script(`${LOAD}expect drops lost 1`), 'f:4: "lost" is not known here; known are duplicate, late,'],
    [script(`${LOAD}expect events reset`), 'f:4: how often reset is missing'],
    [script(`${LOAD}expect nothing at all`), 'f:4: "at" is too much'],
    [`${script(`${LOAD}expect nothing`)}\n${script(`${LOAD}tock`)}`, 'f:8: "tock" is no statement'],
  ])('%j', (text, message) => {
    expect(() => parseScripts('f', text)).toThrow(message);
  });
});

describe('polls that cannot be are named by the line at fault', () => {
  test.each([
    [
      'load rxBytes\n  0s a 1\nload txBytes every 5s\n  0s a 1\nexpect nothing',
      'f:4: h is loaded with another interval, kind or basis before',
    ],
    [
      'load rxBytes\n  0s a 1\nload txBytes amounts 10s\n  0s a 1\nexpect nothing',
      'f:4: h is loaded with another interval, kind or basis before',
    ],
    ['load rxBytes\n  0s a 1\nload txBytes\n  0s b 1\nexpect nothing', 'f:5: one poll tells two epochs of vm'],
    [
      'load rxBytes\n  0s a off\nload txBytes\n  0s a 1\nexpect nothing',
      'f:5: one poll says that vm is off and that it is not',
    ],
    ['load rxBytes\n  0s a 1\n  0s a 2\nexpect nothing', 'f:4: one poll reads rxBytes twice at one time'],
  ])('%j', (text, message) => {
    const [only] = parseScripts('f', script(text));
    expect(() => only && messagesOf(only)).toThrow(message);
  });
});

test.each([
  ['5', [5n]],
  ['5x2', [5n, 5n, 5n]],
  ['0+10x3', [0n, 10n, 20n, 30n]],
  ['9-3x3', [9n, 6n, 3n, 0n]],
  ['2^32-10+5x2', [4294967286n, 4294967291n, 4294967296n]],
  ['15e8+1e9x1', [1500000000n, 2500000000n]],
  ['2^64-1', [18446744073709551615n]],
  ['_x2', ['lost', 'lost']],
  ['-', ['unlisted']],
  ['?', [null]],
  ['offx2', ['off', 'off']],
])('%s', (written, cells) => {
  const [only] = parseScripts('f', script(`load rxBytes\n  0s a ${written}\nexpect nothing`));
  expect(only?.loads[0]?.lines[0]?.cells).toEqual(cells);
});

test('a script is all that is written in it', () => {
  const [first, second] = parseScripts(
    'f',
    `
# Everything there is to say
script First   of two
windows 60s 5m grace 1m30s reorder 250ms mode anchored gaps edge late revise fill-max 3 max-skew 2m
load web:n1.rxBytes on h2 kind simulator every 15s amounts 20s monotonic width 32 max-rate 1e9 vcpus 4
  12.345678s  a/d@-5s  1 _  late 2s again 1s told 10s read 500us partial  # and a comment
boot 1h h2
tick 20s
drain
expect 0s..60s times 2 delta 5 flags reset
expect total 10
expect drops late 1 duplicate 2
expect events reset 3
expect any
fails it is not yet done
script Second
load memory
  2026-01-01T00:01:00Z unnamed 1
expect nothing`,
  );
  const place = (line: number) => ({ file: 'f', line });
  const series = {
    label: 'web:n1.rxBytes',
    instance: 'web',
    device: 'n1',
    kind: 2,
    field: 0,
    statistic: 'rxBytes',
  };
  const fields = new Map([
    ['delta', '5'],
    ['flags', 'reset'],
  ]);
  expect(first).toEqual({
    place: place(3),
    title: 'First of two',
    rules: {
      windows: { sizes: [60e6, 300e6], graces: [90e6, 90e6], anchored: true, revise: true },
      counters: { maxSkew: 120e6, fillMax: 3, edge: true },
      reorder: 250e3,
    },
    loads: [
      {
        place: place(5),
        series,
        source: 'h2',
        sourceKind: 'simulator',
        every: 15e6,
        amounts: 20e6,
        monotonic: true,
        width: 32,
        maxRate: 1e9,
        vcpus: 4n,
        lines: [
          {
            place: place(6),
            at: 12_345_678,
            epoch: 'a',
            deviceEpoch: 'd',
            startedAt: -5e6,
            cells: [1n, 'lost'],
            late: 2e6,
            again: 1e6,
            told: 10e6,
            read: 500,
            dated: null,
            partial: true,
          },
        ],
      },
    ],
    boots: [{ source: 'h2', at: 3600e6 }],
    ticks: [20e6],
    drain: true,
    windows: [
      { place: place(10), series: series.label, from: 0, to: 60e6, fields },
      { place: place(10), series: series.label, from: 60e6, to: 120e6, fields },
    ],
    totals: [{ place: place(11), series: series.label, total: 10n }],
    drops: [
      { place: place(12), name: 'late', count: 1 },
      { place: place(12), name: 'duplicate', count: 2 },
    ],
    events: [{ place: place(13), name: 'reset', count: 3 }],
    any: true,
    fails: 'it is not yet done',
  });
  expect(second).toMatchObject({
    place: place(16),
    title: 'Second',
    loads: [{ series: { label: 'memory' }, lines: [{ at: 60e6, epoch: null, deviceEpoch: null }] }],
    fails: null,
  });
});
