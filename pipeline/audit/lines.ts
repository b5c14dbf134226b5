/** A line of a stream of bytes: its bytes without the line's end, and where it begins. */
export interface Line {
  readonly bytes: Buffer;
  readonly offset: number;
}

const NEWLINE = 10;

/** Splits chunks into lines, some at a time; the last need not end. Empty lines are left out. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Line[]> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: Line[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      if (end > start) lines.push({ bytes: bytes.subarray(start, end), offset: offset + start });
      start = end + 1;
    }
    rest = bytes.subarray(start);
    offset += start;
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [{ bytes: rest, offset }];
}
