import { ProtocolError } from './protocol.ts';

/** Averages of one instant: over (t − step, t], by the host's clock in seconds. As many values as the legend has entries. */
export interface RrdRow {
  readonly t: number;
  /** As they were written: most are never looked at, and reading all would cost more than parsing the answer. */
  readonly values: readonly unknown[];
}

/** An answer of `/rrd_updates`, whatever its encoding. */
export interface RrdUpdates {
  /** Of the archive that answered, which may be coarser than the one asked for. Seconds. */
  readonly stepS: number;
  /** The newest row's time: the host's clock says at least this, and not a step more. Null: it was not told. */
  readonly endS: number | null;
  readonly legend: readonly string[];
  /** Newest first, each time once. */
  readonly rows: readonly RrdRow[];
  /** Rows that are not what they must be: left out. */
  readonly malformed: number;
}

/** What the encodings have in common before it is checked. */
export interface RawUpdates {
  readonly step: unknown;
  readonly end: unknown;
  readonly legend: readonly unknown[];
  readonly rows: readonly { readonly t: unknown; readonly values: readonly unknown[] }[];
}

const MOST_STEP_S = 86_400;

/** Checks an answer. Throws ProtocolError where it has no step or a legend that is no list of names. */
export function checkUpdates({ step, end, legend, rows }: RawUpdates): RrdUpdates {
  const stepS = wholeNumber(step);
  if (stepS === null || stepS < 1 || stepS > MOST_STEP_S) throw new ProtocolError('rrd_updates without a step');
  if (!isNames(legend)) throw new ProtocolError('rrd_updates with a legend that is not of names');
  let malformed = 0;
  const byTime = new Map<number, RrdRow>();
  for (const row of rows) {
    const t = wholeNumber(row.t);
    if (t === null || row.values.length !== legend.length || byTime.has(t)) {
      malformed++;
      continue;
    }
    byTime.set(t, { t, values: row.values });
  }
  const newestFirst = [...byTime.values()].sort((one, other) => other.t - one.t);
  return { stepS, endS: wholeNumber(end), legend, rows: newestFirst, malformed };
}

const isNames = (legend: readonly unknown[]): legend is readonly string[] =>
  legend.every((entry) => typeof entry === 'string');

/** Seconds, as a number or its digits. */
function wholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** Does the host know a row's value in a column? */
export const isKnown = ({ values }: RrdRow, column: number): boolean =>
  Number.isFinite(toNumber(values[column]) ?? Number.NaN);

/** What `Number` takes for one, and nobody writes here: 0x1f, 0b1, 0o7. */
const OTHER_BASE = /^\s*0[a-df-z]/i;

/** Numbers come as numbers, as `%0.15g` text, or as words for what is none. Null: it is nothing of these. */
export function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return value === null ? Number.NaN : null;
  const number = Number(value);
  if (Number.isFinite(number) && (number !== 0 || value.includes('0')))
    return value.charCodeAt(1) < 0x41 || !OTHER_BASE.test(value) ? number : null;
  const text = value.trim();
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  const word = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(text);
  if (word === null) return null;
  return word[2]?.toLowerCase() === 'nan' ? Number.NaN : word[1] === '-' ? -Infinity : Infinity;
}
