/** One column of a table for people. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** May be cut short where the terminal is too narrow. */
  readonly shrink?: boolean;
}

/** Narrower than this a cut column says nothing. */
const LEAST_WIDTH = 8;
export const GAP = '  ';

/** An absent value: not zero. */
export const ABSENT = '-';

/**
 * The table's lines, columns aligned: the title line first. With `maxWidth` (characters) columns that may shrink give
 * way, the widest first. Control characters in cells, which may come from strangers, become `?`.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  maxWidth = Number.POSITIVE_INFINITY,
): readonly string[] {
  const cells = rows.map((row) => row.map(printable));
  const widths = fitWidths(columns, columnWidths(columns, cells), maxWidth);
  return [columns.map(({ title }) => title), ...cells].map((row) => formatRow(columns, widths, row));
}

/** The width each column needs, not less than `least`. */
export const columnWidths = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  least: readonly number[] = [],
): readonly number[] =>
  columns.map(({ title }, index) =>
    rows.reduce((width, row) => Math.max(width, row[index]?.length ?? 0), Math.max(title.length, least[index] ?? 0)),
  );

/** One line of a table. */
export const formatRow = (columns: readonly Column[], widths: readonly number[], row: readonly string[]): string =>
  columns
    .map(({ align }, index) => {
      const width = widths[index] ?? 0;
      const cell = cut(row[index] ?? '', width);
      return align === 'left' ? cell.padEnd(width) : cell.padStart(width);
    })
    .join(GAP)
    .trimEnd();

/** Text without what would move the cursor or colour the screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
export const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');

const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

/** Widths that fit: of columns that may shrink the widest give way first. */
export function fitWidths(columns: readonly Column[], wanted: readonly number[], maxWidth: number): readonly number[] {
  const widths = [...wanted];
  let excess = widths.reduce((sum, width) => sum + width, GAP.length * (columns.length - 1)) - maxWidth;
  while (excess > 0) {
    const shrinking = columns.flatMap((column, index) =>
      column.shrink && (widths[index] ?? 0) > LEAST_WIDTH ? index : [],
    );
    const [widest] = shrinking.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
  return widths;
}
