/** One line of the result. */
export interface Line {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Against what, and how many times that: null where nothing compares. */
  readonly ratio: number | null;
  readonly against: string;
}

export interface Section {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly remarks: readonly string[];
}

const HEAD = ['', 'cost', '', 'ratio', 'to'];

/** A section as aligned text. */
export function printed({ title, lines, remarks }: Section): string {
  const rows = lines.map(({ what, value, unit, ratio, against }) => [
    what,
    short(value),
    unit,
    ratio === null ? '' : ratio.toFixed(2),
    against,
  ]);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)));
  const aligned = [HEAD, ...rows].map((row) =>
    row
      .map((cell, column) =>
        column === 1 || column === 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return `\n${title}\n${[...aligned, ...remarks].map((line) => `  ${line}`).join('\n')}\n`;
}

const short = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0));
