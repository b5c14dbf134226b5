import { createIdTable, type IdTable } from './id-table.ts';
import { type Line, linesOf } from './lines.ts';
import { LineFault, type Published, parsePublished } from './published.ts';
import { addDelta, type SeriesBook } from './series.ts';
import { noteWindow, type Stretches } from './stretches.ts';

/** A file of published samples. */
export interface PublishedFile {
  readonly name: string;
  chunks(): AsyncIterable<Buffer>;
  /** The line that begins at an offset; null where the bytes are gone, as those of a pipe are. */
  lineAt(offset: number): Promise<string | null>;
}

/** What has been read of the published side. */
export interface PublishedSide {
  readonly table: IdTable;
  readonly book: SeriesBook;
  readonly stretches: Stretches;
  readonly lines: LineCounts;
  /** Of the windows judged: least start and greatest end; ±∞ where there are none. Microseconds. */
  readonly firstStart: number;
  readonly lastEnd: number;
}

export interface LineCounts {
  /** Lines of windows that are judged. */
  read: number;
  /** Lines of windows that are not. */
  outside: number;
  /** Lines that are no sample; the first few as file:line and why. */
  broken: number;
  readonly brokenLines: string[];
  /** Lines that end within: of a sink that is writing, or was killed then and has written them anew. */
  halfWritten: number;
  /** The same id again, and with another content. */
  duplicates: number;
  unequal: number;
  readonly unequalPlaces: number[];
}

export interface IntakeRules {
  /** Windows within are judged; microseconds. */
  readonly from: number;
  readonly until: number;
  /** Window sizes of the configuration: a meter message that does not tell its window has the only one. */
  readonly sizes: readonly number[];
  readonly onProgress: (lines: number) => void;
}

const NAMED = 10;
/** A place is file × FILE + offset: exact for 512 files of 16 TiB. */
const FILE = 2 ** 44;

/** The line at a place; null where it cannot be read again. */
export const lineAt = async (files: readonly PublishedFile[], place: number): Promise<string | null> =>
  (await files[Math.floor(place / FILE)]?.lineAt(place % FILE)) ?? null;

/** Reads everything that was published: ids and contents into a table, deltas into sums. */
export async function readPublished(files: readonly PublishedFile[], rules: IntakeRules): Promise<PublishedSide> {
  const side: Mutable<PublishedSide> = {
    table: createIdTable(),
    book: new Map(),
    stretches: new Map(),
    lines: {
      read: 0,
      outside: 0,
      broken: 0,
      brokenLines: [],
      halfWritten: 0,
      duplicates: 0,
      unequal: 0,
      unequalPlaces: [],
    },
    firstStart: Number.POSITIVE_INFINITY,
    lastEnd: Number.NEGATIVE_INFINITY,
  };
  let total = 0;
  for (const [index, file] of files.entries()) {
    let number = 0;
    for await (const lines of linesOf(file.chunks())) {
      for (const line of lines) take(side, rules, line, index * FILE + line.offset, `${file.name}:${++number}`);
      total += lines.length;
      rules.onProgress(total);
    }
  }
  return side;
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

function take(side: Mutable<PublishedSide>, rules: IntakeRules, { bytes }: Line, place: number, where: string): void {
  const { lines, table, book, stretches } = side;
  const found = parsed(bytes, rules.sizes);
  if (found instanceof LineFault) {
    if (endsWithin(bytes)) {
      lines.halfWritten++;
      return;
    }
    lines.broken++;
    if (lines.brokenLines.length < NAMED) lines.brokenLines.push(`${where}: ${found.message}`);
    return;
  }
  const { id, form, content, meter, windowStart, windowEnd } = found;
  if (windowStart < rules.from || windowEnd > rules.until) {
    lines.outside++;
    return;
  }
  lines.read++;
  noteWindow(stretches, found.instance, windowStart, windowEnd);
  side.firstStart = Math.min(side.firstStart, windowStart);
  side.lastEnd = Math.max(side.lastEnd, windowEnd);
  const before = table.add(id, { form, content, place, windowEnd });
  if (before) {
    lines.duplicates++;
    if (before.content === content) return;
    lines.unequal++;
    if (lines.unequalPlaces.length < NAMED) lines.unequalPlaces.push(place);
  } else if (meter.derivation === 'delta') addDelta(book, found);
}

const OPENING = '{'.charCodeAt(0);
const CLOSING = '}'.charCodeAt(0);

/** Whether unreadable bytes are the beginning of a line: what is lost by that is missed as a window. */
const endsWithin = (bytes: Buffer): boolean => bytes[0] === OPENING && bytes.at(-1) !== CLOSING;

function parsed(bytes: Buffer, sizes: readonly number[]): Published | LineFault {
  try {
    const found = parsePublished(bytes);
    if (!Number.isNaN(found.windowStart)) return found;
    if (sizes.length === 1) return { ...found, windowStart: found.windowEnd - (sizes[0] as number) };
    return new LineFault('does not tell its window, and windows of several sizes are configured');
  } catch (error) {
    if (error instanceof LineFault) return error;
    throw error;
  }
}
