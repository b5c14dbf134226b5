import { cellsOf } from './cells.ts';
import type { Cell, Load, LoadLine } from './script.ts';
import { readSeries } from './series.ts';
import { timeOf } from './times.ts';
import { readOptions, type Words } from './words.ts';

type Draft<Type> = { -readonly [key in keyof Type]: Type[key] };

/** Reads what follows `load`: whose series it is and how it is polled; its lines come after it. */
export function readLoad(words: Words, lines: readonly LoadLine[]): Load {
  const load: Draft<Load> = {
    place: words.place,
    series: readSeries(words),
    source: 'h',
    sourceKind: 'test',
    every: 10e6,
    amounts: null,
    monotonic: false,
    width: 0,
    maxRate: 0,
    vcpus: null,
    lines,
  };
  readOptions(words, {
    on: () => {
      load.source = words.next('the source');
    },
    kind: () => {
      load.sourceKind = words.next('the kind of the source');
    },
    every: () => {
      load.every = words.duration('the interval');
    },
    amounts: () => {
      load.amounts = words.duration('the time that an amount is over');
    },
    monotonic: () => {
      load.monotonic = true;
    },
    width: () => {
      load.width = Number(words.count('the width'));
    },
    'max-rate': () => {
      load.maxRate = Number(words.count('the maximum rate'));
    },
    vcpus: () => {
      load.vcpus = words.count('the number of vCPUs');
    },
  });
  if (load.width !== 0 && load.width !== 32 && load.width !== 64) words.fail('a width is 32 or 64');
  return load;
}

/** Reads a line of a load: time, epoch, cells, options. `every`: from one cell to the next. */
export function readLoadLine(words: Words): LoadLine {
  const at = words.time('the time of the first poll');
  const epoch = readEpoch(words);
  const line: Draft<LoadLine> = {
    place: words.place,
    at,
    ...epoch,
    cells: readCells(words),
    late: 0,
    again: null,
    told: null,
    read: 0,
    dated: null,
    partial: false,
  };
  readOptions(words, {
    late: () => {
      line.late = words.duration('the delay');
    },
    again: () => {
      line.again = words.duration('the delay of the copy');
    },
    told: () => {
      line.told = words.time('the time that the source tells');
    },
    read: () => {
      line.read = words.duration('the time from the poll to its reading');
    },
    dated: () => {
      line.dated = words.time('the time of the reading');
    },
    partial: () => {
      line.partial = true;
    },
  });
  if (line.dated !== null && line.cells.length > 1) words.fail('"dated" is for a line with one cell');
  return line;
}

/** `a`, `a@90s` (its start is told), `a/d` (and the device's own epoch), `unnamed`. */
function readEpoch(words: Words): Pick<LoadLine, 'epoch' | 'deviceEpoch' | 'startedAt'> {
  const written = words.next('the epoch');
  if (cellsOf(written) !== undefined)
    return words.fail(`the epoch is missing before "${written}"; it may be "unnamed"`);
  const [, name = '', device, start] = /^([^/@]+)(?:\/([^@]+))?(?:@(.+))?$/.exec(written) ?? [];
  if (name === '') return words.fail(`an epoch is to be like a, a@90s or a/d, not "${written}"`);
  const startedAt = start === undefined ? null : startOf(words, start);
  return { epoch: name === 'unnamed' ? null : name, deviceEpoch: device ?? null, startedAt };
}

function startOf(words: Words, start: string): number {
  return timeOf(start) ?? words.fail(`the start of an epoch is to be like 60s, not "${start}"`);
}

function readCells(words: Words): readonly Cell[] {
  const cells: Cell[] = [];
  for (let some = cellsOf(words.peek()); some !== undefined; some = cellsOf(words.peek())) {
    cells.push(...some);
    words.next('a cell');
  }
  if (cells.length === 0) {
    words.fail(`a value is to be like 5, 2^32-1, 0+10x6, _, -, ? or off, not "${words.peek()}"`);
  }
  return cells;
}
