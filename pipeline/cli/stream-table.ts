import { type Column, columnWidths, fitWidths, formatRow, formatTable, GAP, LEAST_WIDTH, printable } from './table.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** A column of a table that is printed while its rows come. */
export interface StreamColumn extends Column {
  /** As wide as its cells mostly get: later rows cannot move earlier ones. */
  readonly usual: number;
  /** A terminal that is too narrow for all does without it, the highest number first; of one number all or none. */
  readonly dispensable?: number;
}

/** A column of a table of which all rows are there. */
export type ReportColumn = Omit<StreamColumn, 'usual'>;

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
  columns: readonly ReportColumn[],
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

function placesThatFit(columns: readonly StreamColumn[], width: number): readonly number[] {
  let places = columns.map((_, place) => place);
  const leastOf = (place: number): number => {
    const { shrink, usual, title, least = LEAST_WIDTH } = columns[place] as StreamColumn;
    return Math.max(title.length, shrink ? Math.min(usual, least) : usual);
  };
  const fits = (): boolean => places.reduce((sum, each) => sum + leastOf(each) + GAP.length, -GAP.length) <= width;
  const needs = new Set(columns.flatMap(({ dispensable }) => dispensable ?? []));
  for (const need of [...needs].sort((a, b) => b - a)) {
    if (fits()) break;
    places = places.filter((place) => columns[place]?.dispensable !== need);
  }
  return places;
}
