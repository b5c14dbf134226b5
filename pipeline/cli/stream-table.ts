import { type Column, columnWidths, fitWidths, formatRow, formatTable, GAP, printable } from './table.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** A column of a table that is printed while its rows come. */
export interface StreamColumn extends Column {
  /** As wide as its cells mostly get: later rows cannot move earlier ones. */
  readonly usual: number;
  /** A terminal that is too narrow for all does without it, the highest number first. */
  readonly dispensable?: number;
}

/** Prints rows as they come, the titles before the first. A row has a cell for every column, also for those left out. */
export function createStreamTable(
  columns: readonly StreamColumn[],
  { stdout }: Pick<Terminal, 'stdout'>,
): (rows: readonly (readonly string[])[]) => Promise<void> {
  const width = stdout.columns ?? Number.POSITIVE_INFINITY;
  const places = placesThatFit(columns, width);
  const shown = places.map((place) => columns[place] as StreamColumn);
  let widths: readonly number[] = shown.map(({ usual }) => usual);
  let isBegun = false;
  return async (rows) => {
    if (rows.length === 0) return;
    const cells = rows.map((row) => places.map((place) => printable(row[place] ?? '')));
    widths = columnWidths(shown, cells, widths);
    const fitting = fitWidths(shown, widths, width);
    const titles = isBegun ? [] : [shown.map(({ title }) => title)];
    isBegun = true;
    await writeLine(stdout, [...titles, ...cells].map((row) => formatRow(shown, fitting, row)).join('\n'));
  };
}

/** The lines of a table of which all rows are there, without the columns that `width` characters have no room for. */
export function formatFitting(
  columns: readonly Omit<StreamColumn, 'usual'>[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): readonly string[] {
  const widths = columnWidths(columns, rows);
  const sized = columns.map((column, place) => ({ ...column, usual: widths[place] ?? 0 }));
  const places = placesThatFit(sized, width);
  const shown = places.map((place) => sized[place] as StreamColumn);
  return formatTable(
    shown,
    rows.map((row) => places.map((place) => row[place] ?? '')),
    width,
  );
}

/** Narrower than this a column that may be cut says nothing. */
const LEAST_WIDTH = 8;

function placesThatFit(columns: readonly StreamColumn[], width: number): readonly number[] {
  const places = columns.map((_, place) => place);
  const leastOf = (place: number): number => {
    const { shrink, usual, title } = columns[place] as StreamColumn;
    return Math.max(title.length, shrink ? Math.min(usual, LEAST_WIDTH) : usual);
  };
  const byNeed = places
    .filter((place) => columns[place]?.dispensable !== undefined)
    .sort((a, b) => (columns[b]?.dispensable ?? 0) - (columns[a]?.dispensable ?? 0));
  for (const place of byNeed) {
    if (places.reduce((sum, each) => sum + leastOf(each) + GAP.length, -GAP.length) <= width) break;
    places.splice(places.indexOf(place), 1);
  }
  return places;
}
