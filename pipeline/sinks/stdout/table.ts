import type { Sample } from '../../model/sample.ts';
import { exactJson } from '../../runtime/json.ts';
import { isoTime } from '../timestamp.ts';

/** Heading, width and side of each column; the last one is as wide as it gets. */
const COLUMNS = [
  { heading: 'TIME', width: 20, of: (sample: Sample) => `${isoTime(sample.timestamp, 'naive').slice(0, 19)}Z` },
  { heading: 'METER', width: 32, of: (sample: Sample) => sample.name },
  { heading: 'VOLUME', width: 22, right: true, of: (sample: Sample) => exactJson(sample.volume) },
  { heading: 'UNIT', width: 10, of: (sample: Sample) => sample.unit },
  { heading: 'COVERAGE', width: 8, right: true, of: (sample: Sample) => percent(sample.coverage) },
  { heading: 'QUALITY', width: 12, of: (sample: Sample) => sample.quality },
  { heading: 'RESOURCE', width: 0, of: (sample: Sample) => sample.resource.id },
] as const satisfies readonly {
  heading: string;
  width: number;
  right?: boolean;
  of: (sample: Sample) => string;
}[];

/** The table's first line, without the line's end. */
export const tableHead = (): string => row(COLUMNS.map(({ heading }) => heading));

/** A sample as one line under `tableHead`. Longer cells push the rest to the right rather than lose a digit. */
export const tableRow = (sample: Sample): string => row(COLUMNS.map(({ of }) => of(sample)));

const percent = (share: number | null): string => (share === null ? '-' : `${Math.round(share * 1000) / 10}%`);

const row = (cells: readonly string[]): string =>
  COLUMNS.map((column, index) => {
    const cell = printable(cells[index] ?? '');
    return 'right' in column ? cell.padStart(column.width) : cell.padEnd(column.width);
  })
    .join('  ')
    .trimEnd();

/** Names come from the network: nothing in them may steer the terminal. */
const printable = (text: string): string => text.replace(/\p{C}/gu, '\ufffd');
