import type { Sample } from '../model/sample.ts';
import { exactJson } from '../runtime/json.ts';
import { jsonLine } from '../sinks/json-line.ts';
import { isoTime } from '../sinks/timestamp.ts';
import { csvLine } from './csv.ts';
import { createStreamTable, type StreamColumn } from './stream-table.ts';
import { ABSENT } from './table.ts';
import { type Terminal, writeLine } from './terminal.ts';

export const SAMPLE_OUTPUTS = ['table', 'json', 'csv'] as const;
export type SampleOutput = (typeof SAMPLE_OUTPUTS)[number];

/** Prints samples as they come, in their order. */
export type SamplePrinter = (samples: readonly Sample[]) => Promise<void>;

/** As a table, as the lines that a file sink writes, or as comma-separated values (RFC 4180) with a line of titles. */
export function createSamplePrinter(output: SampleOutput, terminal: Terminal): SamplePrinter {
  if (output === 'table') {
    const print = createStreamTable(COLUMNS, terminal);
    return (samples) => print(samples.map(rowOf));
  }
  const lineOf = output === 'json' ? jsonLine : csvOf;
  let titles = output === 'csv' ? [csvLine(CSV_TITLES)] : [];
  return async (samples) => {
    if (samples.length === 0) return;
    const lines = [...titles, ...samples.map(lineOf)];
    titles = [];
    await writeLine(terminal.stdout, lines.join('\n'));
  };
}

const COLUMNS: readonly StreamColumn[] = [
  { title: 'WINDOW FROM', align: 'left', usual: 19 },
  { title: 'SIZE', align: 'right', usual: 4, dispensable: 3 },
  { title: 'METER', align: 'left', usual: 28, shrink: 'middle', least: 14 },
  { title: 'RESOURCE', align: 'left', usual: 36, shrink: 'middle', least: 14 },
  { title: 'VOLUME', align: 'right', usual: 20 },
  { title: 'UNIT', align: 'left', usual: 6, dispensable: 2 },
  { title: 'COVERED', align: 'right', usual: 7, dispensable: 4 },
  { title: 'QUALITY', align: 'left', usual: 12, dispensable: 5 },
  { title: 'FLAGS', align: 'left', usual: 8, dispensable: 1 },
];

const rowOf = ({ name, unit, volume, resource, windowStart, windowEnd, coverage, quality, flags }: Sample) => [
  isoTime(windowStart, 'naive').replace('T', ' '),
  `${(windowEnd - windowStart) / 1e6}s`,
  name,
  resource.id,
  exactJson(volume),
  unit,
  coverage === null ? ABSENT : `${Math.round(coverage * 1000) / 10}%`,
  quality,
  flags.join(','),
];

const CSV_TITLES = [
  'window_start',
  'window_end',
  'counter_name',
  'counter_type',
  'counter_volume',
  'counter_unit',
  'resource_id',
  'project_id',
  'coverage',
  'quality',
  'flags',
];

const csvOf = ({ resource, ...sample }: Sample): string =>
  csvLine([
    isoTime(sample.windowStart),
    isoTime(sample.windowEnd),
    sample.name,
    sample.type,
    exactJson(sample.volume),
    sample.unit,
    resource.id,
    resource.projectId ?? '',
    sample.coverage === null ? '' : String(sample.coverage),
    sample.quality,
    sample.flags.join(' '),
  ]);
