import { type EndpointLine, percentile } from './poll-book.ts';

const milliseconds = (us: number): string => (us / 1000).toFixed(1);

/** A line for each endpoint. */
export function bookTable(book: readonly EndpointLine[]): string {
  const head = 'ENDPOINT         SCHEDULED   MADE MISSED DOUBLED   LATE COLLECTORS  JITTER P50 ms      P99 ms';
  const lines = book.map(({ endpoint, jitters, ...line }) => {
    const counts = [line.scheduled, line.made, line.missed, line.doubled, line.late, line.collectors];
    const widths = [9, 6, 6, 7, 6, 10];
    const cells = counts.map((count, index) => String(count).padStart(widths[index] ?? 0)).join(' ');
    const times = [50, 99].map((percent) => milliseconds(percentile(jitters, percent)).padStart(13)).join('');
    return `${endpoint.padEnd(16)} ${cells} ${times}`;
  });
  return `${[head, ...lines].join('\n')}\n`;
}

/** The sums of all endpoints. */
export function bookSums(book: readonly EndpointLine[]) {
  const sum = (of: (line: EndpointLine) => number): number => book.reduce((total, line) => total + of(line), 0);
  const jitters = book.flatMap(({ jitters: each }) => each);
  return {
    endpoints: book.length,
    scheduled: sum(({ scheduled }) => scheduled),
    made: sum(({ made }) => made),
    missed: sum(({ missed }) => missed),
    most_missed_by_one: Math.max(...book.map(({ missed }) => missed)),
    most_missed_in_a_row: Math.max(...book.map(({ mostInRow }) => mostInRow)),
    doubled: sum(({ doubled }) => doubled),
    late: sum(({ late }) => late),
    jitter_p50_ms: percentile(jitters, 50) / 1000,
    jitter_p99_ms: percentile(jitters, 99) / 1000,
  };
}
