import type { Rules } from '../../../../pipeline/model/rules.ts';

/** Where something is written. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A script that cannot be read, or asks for what cannot be. The message names file and line. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  constructor({ file, line }: Place, message: string) {
    super(`${file}:${line}: ${message}`);
  }
}

/** A statistic of an instance or of one of its devices; `label` is how scripts name it. */
export interface Series {
  readonly label: string;
  readonly instance: string;
  /** Empty: the instance itself. */
  readonly device: string;
  readonly kind: number;
  readonly field: number;
  readonly statistic: string;
}

/**
 * What one poll says of a series: a value, or null for one that could not be read, that the instance is off, that it
 * is not there (`unlisted`), or nothing, as the poll never came (`lost`).
 */
export type Cell = bigint | null | 'off' | 'unlisted' | 'lost';

/** One line of a load: polls an interval apart, all in one epoch. Times and lengths in microseconds. */
export interface LoadLine {
  readonly place: Place;
  readonly at: number;
  readonly epoch: string | null;
  readonly deviceEpoch: string | null;
  readonly startedAt: number | null;
  readonly cells: readonly Cell[];
  /** How long after its poll a message is recorded. */
  readonly late: number;
  /** How long after that a copy of it is; null: none is. */
  readonly again: number | null;
  /** What the clock of the source says at the first poll; null: the truth. */
  readonly told: number | null;
  /** How long after its poll's start a reading was taken. */
  readonly read: number;
  /** What the reading itself says its time is; null: the truth. */
  readonly dated: number | null;
  readonly partial: boolean;
}

/** A series as one source polls it. */
export interface Load {
  readonly place: Place;
  readonly series: Series;
  readonly source: string;
  readonly sourceKind: string;
  readonly every: number;
  /** Values are amounts over so long before their reading; null: cumulative. */
  readonly amounts: number | null;
  readonly monotonic: boolean;
  readonly width: number;
  readonly maxRate: number;
  readonly vcpus: bigint | null;
  readonly lines: readonly LoadLine[];
}

/** A window that has to come out. A field that is undefined is not asked about. */
export interface ExpectedWindow {
  readonly place: Place;
  readonly series: string;
  readonly from: number;
  readonly to: number;
  /** By name of the field, as it is written. */
  readonly fields: ReadonlyMap<string, string>;
}

/** So many drops of a reason, or events of a name. */
export interface ExpectedCount {
  readonly place: Place;
  readonly name: string;
  readonly count: number;
}

/** The sum of a series' deltas, in windows of every size. */
export interface ExpectedTotal {
  readonly place: Place;
  readonly series: string;
  readonly total: bigint;
}

/** The host of a source boots. */
export interface Boot {
  readonly source: string;
  readonly at: number;
}

/** One strange counter and what must come of it. */
export interface Script {
  readonly place: Place;
  readonly title: string;
  readonly rules: Rules;
  readonly loads: readonly Load[];
  readonly boots: readonly Boot[];
  /** Times at which the wall clock is looked at. */
  readonly ticks: readonly number[];
  /** At the end the clock goes on until everything is closed. */
  readonly drain: boolean;
  readonly windows: readonly ExpectedWindow[];
  readonly drops: readonly ExpectedCount[];
  readonly events: readonly ExpectedCount[];
  readonly totals: readonly ExpectedTotal[];
  /** Windows that are not expected may come as well. */
  readonly any: boolean;
  /** Why the model does not do this yet; null: it does. */
  readonly fails: string | null;
}
