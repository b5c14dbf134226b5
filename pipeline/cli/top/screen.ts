import { headOf } from '../display-width.ts';
import { humanBytes } from '../human.ts';
import { formatFitting, type ReportColumn } from '../stream-table.ts';
import { ABSENT, printable } from '../table.ts';
import type { EndpointFigures, Figures, ProcessFigures, SinkFigures } from './figures.ts';
import { type Order, sorted } from './sorting.ts';

/** How it is to be shown. */
export interface View {
  readonly order: Order;
  readonly isReversed: boolean;
  /** Endpoints above the first that is shown. */
  readonly offset: number;
  /** Of the terminal; infinite where there is none. */
  readonly width: number;
  readonly height: number;
  readonly isColored: boolean;
}

const left = (title: string, rest: Partial<ReportColumn> = {}): ReportColumn => ({ title, align: 'left', ...rest });
const right = (title: string, dispensable?: number): ReportColumn => ({
  title,
  align: 'right',
  ...(dispensable === undefined ? {} : { dispensable }),
});

const PROCESS_COLUMNS = [
  left('PROCESS', { shrink: 'middle' }),
  left('VERSION', { dispensable: 3 }),
  left('READY', { shrink: true }),
  right('CPU', 2),
  right('MEMORY', 4),
  right('UP'),
  right('POLLS/s', 6),
  right('SENT/s', 7),
  right('LAG'),
  right('READINGS/s', 5),
  right('SAMPLES/s', 1),
  right('RESIDUAL', 8),
];
const ENDPOINT_COLUMNS = [
  left('PROCESS', { shrink: 'middle', dispensable: 6 }),
  left('ENDPOINT', { shrink: 'middle', least: 24 }),
  left('KIND', { dispensable: 4 }),
  left('STATE'),
  right('AGE'),
  right('TIME', 2),
  right('CALLS', 5),
  right('VMS', 1),
  right('FAILURES', 3),
  left('ERROR', { shrink: true, dispensable: 7 }),
];
const SINK_COLUMNS = [
  left('PROCESS', { shrink: 'middle', dispensable: 5 }),
  left('SINK', { shrink: 'middle' }),
  right('PUBLISHED/s'),
  right('PUBLISHED', 3),
  right('WAITING'),
  right('A BATCH', 4),
  right('FAILURES', 1),
  right('DROPPED', 2),
];

/** The lines of one picture: processes, sinks, and as many endpoints as there is room for. */
export function screenLines(figures: Figures, view: View, footer: string | null): readonly string[] {
  const { width, height } = view;
  const isOne = figures.processes.length === 1;
  const table = (columns: readonly ReportColumn[], rows: readonly (readonly string[])[]): readonly string[] => {
    // With one process its name says nothing in the other tables.
    const from = isOne && columns !== PROCESS_COLUMNS ? 1 : 0;
    return formatFitting(
      columns.slice(from),
      rows.map((row) => row.slice(from)),
      width,
    );
  };
  const above = [
    ...table(PROCESS_COLUMNS, figures.processes.map(processRow)),
    ...figures.processes.flatMap(processNotes),
    ...(figures.sinks.length === 0 ? [] : ['', ...table(SINK_COLUMNS, figures.sinks.map(sinkRow))]),
    '',
  ];
  const below = footer === null ? [] : [footer];
  const ordered = sorted(figures.endpoints, view.order, view.isReversed);
  const room = Math.max(1, height - above.length - below.length - 2);
  const offset = Math.max(0, Math.min(view.offset, ordered.length - room));
  const shown = ordered.slice(offset, offset + room);
  const rest = ordered.length - shown.length;
  const endpoints = [
    ...(ordered.length === 0 ? [] : table(ENDPOINT_COLUMNS, shown.map(endpointRow))),
    ...(rest > 0 ? [`… ${offset} above, ${rest - offset} below`] : []),
  ];
  const lines = [...above, ...endpoints, ...below].map((line) => headOf(printable(line), width)).slice(0, height);
  return view.isColored ? lines.map(painted) : lines;
}

function processRow(figures: ProcessFigures): readonly string[] {
  const { process, version, ready, error, cpu, memory_bytes, endpoints, endpoints_up } = figures;
  return [
    process,
    version ?? ABSENT,
    error !== null ? 'no answer' : ready ? 'yes' : 'no',
    cpu === null ? ABSENT : `${Math.round(cpu * 100)}%`,
    humanBytes(memory_bytes === null ? null : BigInt(Math.round(memory_bytes))),
    `${endpoints_up}/${endpoints}`,
    rate(figures.polls_per_second),
    rate(figures.slices_sent_per_second),
    count(figures.lag_messages),
    rate(figures.readings_per_second),
    rate(figures.samples_per_second),
    count(figures.conservation_residual),
  ];
}

/** What a row has no room for: why a process is not ready, and what was dropped. */
function processNotes({
  process,
  error,
  reasons,
  readings_dropped,
  windows_emitted,
}: ProcessFigures): readonly string[] {
  const told = (what: string, counts: Readonly<Record<string, number>>): readonly string[] => {
    const some = Object.entries(counts).filter(([, value]) => value > 0);
    return some.length === 0 ? [] : [`${what} ${some.map(([key, value]) => `${key} ${value}`).join(', ')}`];
  };
  const notes = [
    ...(error === null ? [] : [error]),
    ...reasons,
    ...told('windows emitted:', windows_emitted),
    ...told('readings dropped:', readings_dropped),
  ];
  return notes.map((note) => `  ${process}: ${note}`);
}

const sinkRow = ({
  process,
  sink,
  published,
  waiting,
  failures,
  dropped,
  ...rates
}: SinkFigures): readonly string[] => [
  process,
  sink,
  rate(rates.published_per_second),
  count(published),
  count(waiting),
  seconds(rates.publish_seconds),
  count(failures),
  count(dropped),
];

const endpointRow = (figures: EndpointFigures): readonly string[] => [
  figures.process,
  figures.hypervisor,
  figures.kind,
  figures.state,
  seconds(figures.age_seconds),
  seconds(figures.poll_seconds),
  count(figures.calls),
  count(figures.instances),
  count(figures.failures),
  figures.error ?? '',
];

const count = (value: number | null): string => (value === null ? ABSENT : String(value));
const rate = (value: number | null): string => (value === null ? ABSENT : value.toFixed(value < 10 ? 1 : 0));

function seconds(value: number | null): string {
  if (value === null) return ABSENT;
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return value < 120 ? `${value.toFixed(1)} s` : `${Math.round(value / 60)} min`;
}

/** Trouble in red, titles bold: after cutting, so that no sequence is cut. */
const painted = (line: string): string => {
  if (/^[A-Z/ ]{12,}$/.test(line.replace(/s\b/g, ''))) return `\u001b[1m${line}\u001b[0m`;
  return /\b(failing|backing_off|no answer)\b/.test(line) ? `\u001b[31m${line}\u001b[0m` : line;
};
