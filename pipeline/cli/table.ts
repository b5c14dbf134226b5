import { cut, widthOf } from './display-width.ts';

/** One column of a table for people. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** May be cut short where the terminal is too narrow; `middle`: what is told apart by its end keeps that. */
  readonly shrink?: boolean | 'middle';
  /** Is not cut below this while others can be cut, or left out. */
  readonly least?: number;
}

/** Narrower than this a cut column says nothing. */
export const LEAST_WIDTH = 8;
export const GAP = '  ';

/** An absent value: not zero. */
export const ABSENT = '-';

/**
 * The table's lines, columns aligned: the title line first. With `maxWidth` (of the terminal) columns that may shrink give
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
    rows.reduce((width, row) => Math.max(width, widthOf(row[index] ?? '')), Math.max(title.length, least[index] ?? 0)),
  );

/** One line of a table. */
export const formatRow = (columns: readonly Column[], widths: readonly number[], row: readonly string[]): string =>
  columns
    .map(({ align, shrink }, index) => {
      const width = widths[index] ?? 0;
      const cell = cut(row[index] ?? '', width, shrink === 'middle' ? 'middle' : 'end');
      const blank = ' '.repeat(Math.max(0, width - widthOf(cell)));
      return align === 'left' ? `${cell}${blank}` : `${blank}${cell}`;
    })
    .join(GAP)
    .trimEnd();

/** Text without what would move the cursor, colour the screen or turn what follows around; half a surrogate pair is no text. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '?');

/** Widths that fit: of columns that may shrink the widest give way first, and last those that have a `least`, below it. */
export function fitWidths(columns: readonly Column[], wanted: readonly number[], maxWidth: number): readonly number[] {
  const kept = columns.map(({ least }) => Math.max(LEAST_WIDTH, least ?? 0));
  return shrunk(columns, shrunk(columns, wanted, maxWidth, kept), maxWidth, []);
}

function shrunk(
  columns: readonly Column[],
  wanted: readonly number[],
  maxWidth: number,
  least: readonly number[],
): readonly number[] {
  const widths = [...wanted];
  let excess = widths.reduce((sum, width) => sum + width, GAP.length * (columns.length - 1)) - maxWidth;
  while (excess > 0) {
    const shrinking = columns.flatMap((column, index) =>
      column.shrink && (widths[index] ?? 0) > (least[index] ?? LEAST_WIDTH) ? index : [],
    );
    const [widest] = shrinking.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
  return widths;
}
