import type { Sample } from '../model/sample.ts';
import type { Entry, IdTable } from './id-table.ts';
import { contentOf } from './published.ts';

/** Which windows are judged, in microseconds: those that lie within. */
export interface Bounds {
  readonly from: number;
  readonly until: number;
}

/** A sample that a replay gives. `due`: it must have been published by now. */
export interface Expected {
  readonly sample: Sample;
  readonly line: string;
  readonly due: boolean;
}

export interface WrongWindow {
  readonly expected: string;
  readonly place: number;
}

/** What came of holding the samples of a replay against the published ones. */
export interface Comparison {
  expect(expected: Expected): void;
  /** The replay is over. */
  finish(): Findings;
}

/** Every window of every meter is counted; of the faulty ones the first few are named. */
export interface Findings {
  readonly expected: number;
  readonly lost: number;
  readonly wrong: number;
  readonly unexpected: number;
  readonly lostLines: readonly string[];
  readonly wrongLines: readonly WrongWindow[];
  readonly unexpectedPlaces: readonly number[];
}

const NAMED = 10;

/** `judgesTotals` false: cumulatives are left out, since the log does not reach back to where they begin. */
export function createComparison(table: IdTable, bounds: Bounds, judgesTotals: boolean): Comparison {
  let expected = 0;
  let lost = 0;
  let wrong = 0;
  const lostLines: string[] = [];
  const wrongLines: WrongWindow[] = [];

  const lose = (line: string): void => {
    lost++;
    if (lostLines.length < NAMED) lostLines.push(line);
  };
  const hold = (entry: Entry, { sample, line }: Expected): void => {
    expected++;
    if (!judgesTotals && sample.type === 'cumulative') return;
    if (contentOf(entry.form, sample, line) === entry.content) return;
    wrong++;
    if (wrongLines.length < NAMED) wrongLines.push({ expected: line, place: entry.place });
  };

  return {
    expect: (one) => {
      const { windowStart, windowEnd, messageId } = one.sample;
      const entry = table.claim(messageId);
      if (windowStart < bounds.from || windowEnd > bounds.until) return;
      if (entry) hold(entry, one);
      else if (one.due) {
        expected++;
        lose(one.line);
      }
    },
    finish: () => {
      let unexpected = 0;
      const unexpectedPlaces: number[] = [];
      for (const { place, windowEnd } of table.unclaimed()) {
        if (windowEnd <= bounds.from || windowEnd > bounds.until) continue;
        unexpected++;
        if (unexpectedPlaces.length < NAMED) unexpectedPlaces.push(place);
      }
      return { expected, lost, wrong, unexpected, lostLines, wrongLines, unexpectedPlaces };
    },
  };
}
