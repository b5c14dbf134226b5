import { COUNTER_EVENTS, DROP_REASONS } from '../../../../pipeline/model/flags.ts';
import type { ExpectedCount, ExpectedTotal, ExpectedWindow } from './script.ts';
import { readSeries } from './series.ts';
import { timeOf } from './times.ts';
import { readOptions, type Words } from './words.ts';

/** What may be said of a window, as `cameOf` fills it. */
const FIELDS = [
  'delta',
  'rate',
  'cumulative',
  'coverage',
  'quality',
  'flags',
  'last',
  'mean',
  'min',
  'max',
  'revision',
  'at',
] as const;

/** All that a script expects. */
export interface Expectations {
  readonly windows: ExpectedWindow[];
  readonly drops: ExpectedCount[];
  readonly events: ExpectedCount[];
  readonly totals: ExpectedTotal[];
  any: boolean;
  nothing: boolean;
}

export const createExpectations = (): Expectations => ({
  windows: [],
  drops: [],
  events: [],
  totals: [],
  any: false,
  nothing: false,
});

/** Reads what follows `expect`. `only`: the series that is meant where none is named; undefined: there are several. */
export function readExpectation(words: Words, into: Expectations, only: string | undefined): void {
  switch (words.peek()) {
    case 'any':
    case 'nothing':
      into[words.next('') as 'any' | 'nothing'] = true;
      break;
    case 'drops':
      words.next('');
      into.drops.push(...readCounts(words, DROP_REASONS));
      break;
    case 'events':
      words.next('');
      into.events.push(...readCounts(words, COUNTER_EVENTS));
      break;
    case 'total':
      words.next('');
      into.totals.push({ place: words.place, series: seriesOf(words, only), total: words.count('the total') });
      break;
    default:
      into.windows.push(...readWindows(words, only));
  }
  if (!words.isEmpty()) words.fail(`"${words.peek()}" is too much`);
}

function readCounts(words: Words, names: readonly string[]): readonly ExpectedCount[] {
  const counts: ExpectedCount[] = [];
  const read = (name: string) => (): void => {
    counts.push({ place: words.place, name, count: Number(words.count(`how often ${name}`)) });
  };
  readOptions(words, Object.fromEntries(names.map((name) => [name, read(name)])));
  if (counts.length === 0) words.fail(`one of ${names.join(', ')} is missing`);
  return counts;
}

/** A number, a span of time: no series. */
const isSeries = (word: string): boolean => !word.includes('..') && !/^\d/.test(word);

function seriesOf(words: Words, only: string | undefined): string {
  if (isSeries(words.peek())) return readSeries(words).label;
  return only ?? words.fail('several series are loaded: say which one is meant');
}

/** `[series] <from>..<to> [times n] <field> <value> …`: one window, or n of that length one after the other. */
function readWindows(words: Words, only: string | undefined): readonly ExpectedWindow[] {
  const series = seriesOf(words, only);
  const [from, to] = readSpan(words);
  const fields = new Map<string, string>();
  let times = 1;
  const read = (field: string) => (): void => void fields.set(field, words.next(`a value of ${field}`));
  readOptions(words, {
    times: () => {
      times = Number(words.count('how many windows'));
      if (times < 1) words.fail('"times" is at least 1');
    },
    ...Object.fromEntries(FIELDS.map((field) => [field, read(field)])),
  });
  return Array.from({ length: times }, (_, n) => {
    const shift = n * (to - from);
    return { place: words.place, series, from: from + shift, to: to + shift, fields };
  });
}

function readSpan(words: Words): readonly [number, number] {
  const written = words.next('a window');
  const [from, to, ...more] = written.split('..').map(timeOf);
  if (from === undefined || to === undefined || more.length > 0 || to <= from) {
    return words.fail(`a window is to be like 60s..120s, not "${written}"`);
  }
  return [from, to];
}
