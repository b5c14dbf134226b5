import { FIELDS, type VersusResult, type WindowDifference } from '../audit/versus.ts';
import type { Both, Side, TotalVersus } from '../audit/versus-sums.ts';
import { firstBound } from '../model/runs.ts';
import type { Sample } from '../model/sample.ts';
import { exactJson } from '../runtime/json.ts';
import { isoTime } from '../sinks/timestamp.ts';
import { plural } from './human.ts';
import { formatFitting, type ReportColumn } from './stream-table.ts';
import { printable } from './table.ts';

/** What a comparison found, and meters that only one of the configurations selects. */
export interface AgainstResult extends VersusResult {
  readonly onlyFirst: readonly string[];
  readonly onlyOther: readonly string[];
  /** The window sizes, microseconds. */
  readonly sizes: Both<readonly number[]>;
}

const NAMED = 10;

const WINDOW_COLUMNS: readonly ReportColumn[] = [
  { title: 'METER', align: 'left', shrink: 'middle', least: 22 },
  { title: 'SIZE', align: 'right' },
  { title: 'SAME', align: 'right' },
  { title: 'DIFFERENT', align: 'right' },
  { title: 'ONLY HERE', align: 'right' },
  { title: 'ONLY THERE', align: 'right' },
  { title: 'IN', align: 'left', shrink: true },
];
const TOTAL_COLUMNS: readonly ReportColumn[] = [
  { title: 'METER', align: 'left', shrink: 'middle', least: 22 },
  { title: 'SIZES', align: 'left', dispensable: 2 },
  { title: 'SERIES', align: 'right', dispensable: 1 },
  { title: 'TOTAL HERE', align: 'right' },
  { title: 'TOTAL THERE', align: 'right', dispensable: 3 },
  { title: 'DIFFERENCE', align: 'right' },
];
const SERIES_COLUMNS: readonly ReportColumn[] = [
  { title: 'METER', align: 'left', shrink: 'middle', least: 22 },
  { title: 'RESOURCE', align: 'left', shrink: 'middle' },
  ...TOTAL_COLUMNS.filter(({ title }) => title !== 'METER' && title !== 'SERIES'),
];
const MARK_COLUMNS: readonly ReportColumn[] = [
  { title: 'QUALITY OR FLAG', align: 'left' },
  { title: 'HERE', align: 'right' },
  { title: 'THERE', align: 'right' },
];

/** For people: here is the configuration of -c, there that of --against. */
export function resultLines(
  result: AgainstResult,
  shown: readonly WindowDifference[],
  width: number | undefined,
): readonly string[] {
  const { windows, totals, series } = result;
  const marks = [...result.marks].filter(([, { first, other }]) => first !== other);
  const table = (title: string, columns: readonly ReportColumn[], rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? [] : [title, ...formatFitting(columns, rows, width), ''];
  const differing = windows.filter(({ different, onlyFirst, onlyOther }) => different + onlyFirst + onlyOther > 0);
  return [
    ...table(
      'Windows of the same size',
      WINDOW_COLUMNS,
      windows.map(({ meter, size, same, different, onlyFirst, onlyOther, fields }) => [
        meter,
        seconds(size),
        ...[same, different, onlyFirst, onlyOther].map(String),
        FIELDS.flatMap((field) => (fields[field] === 0 ? [] : [`${field} ${fields[field]}`])).join(', '),
      ]),
    ),
    ...table('Totals of deltas, in units of the counter', TOTAL_COLUMNS, totals.map(totalRow)),
    ...table(
      'Marks that are not as often on both sides',
      MARK_COLUMNS,
      marks.map(([word, { first, other }]) => [word, String(first), String(other)]),
    ),
    ...table(
      `Series whose totals differ: ${series.length}${series.length > NAMED ? `, the first ${NAMED}` : ''}`,
      SERIES_COLUMNS,
      series
        .slice(0, NAMED)
        .map(({ resource, ...each }) => [each.meter, resource, ...amounts({ ...each, series: 0, differing: 0 })]),
    ),
    ...(shown.length === 0 ? [] : ['Windows that differ, the first of them', ...shown.map(windowLine), '']),
    ...onlyLines(result),
    ...turnLines(result),
    verdict(differing.length, totals, series.length),
  ].map(printable);
}

function verdict(meters: number, totals: readonly TotalVersus[], series: number): string {
  const windows =
    meters === 0 ? 'no window of a size that both have differs' : `windows of ${plural(meters, 'meter')} differ`;
  if (totals.length === 0) return `${windows}; there are no deltas to add up`;
  const sums = series === 0 ? 'the totals of every series are the same' : `totals of ${series} series differ`;
  return `${windows}; ${sums}`;
}

function onlyLines({ onlyFirst, onlyOther }: AgainstResult): readonly string[] {
  const line = (where: string, names: readonly string[]) =>
    names.length === 0
      ? []
      : [
          `meters only ${where}: ${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`,
        ];
  return [...line('here', onlyFirst), ...line('there', onlyOther)];
}

/** Sizes that one side alone has, and how far apart the instants are at which they can take turns; null: none do. */
function turnsOf({ first, other }: Both<readonly number[]>): (Both<readonly number[]> & { every: number }) | null {
  const here = first.filter((size) => !other.includes(size));
  const there = other.filter((size) => !first.includes(size));
  if (here.length === 0 || there.length === 0) return null;
  return { first: here, other: there, every: firstBound([...here, ...there], 1) };
}

function everyOf(sizes: Both<readonly number[]>): string | null {
  const turns = turnsOf(sizes);
  return turns && seconds(turns.every);
}

function turnLines(result: AgainstResult): readonly string[] {
  const turns = turnsOf(result.sizes);
  if (turns === null) return [];
  const names = (sizes: readonly number[]): string => sizes.map(seconds).join(' and ');
  return [
    `changed while it is metered, windows of ${names(turns.first)} and of ${names(turns.other)} take turns where all of them end, every ${seconds(turns.every)}`,
  ];
}

const seconds = (us: number): string => `${us / 1e6}s`;

const sizesWords = ({ first, other }: TotalVersus['sizes']): string =>
  first === other ? seconds(first) : `${seconds(first)}:${seconds(other)}`;

const amounts = ({ sizes, first, other }: TotalVersus): readonly string[] => [
  sizesWords(sizes),
  String(first),
  String(other),
  String(other - first),
];

function totalRow(total: TotalVersus): readonly string[] {
  const [sizes = '', ...rest] = amounts(total);
  return [total.meter, sizes, String(total.series), ...rest];
}

function windowLine({ first, other, fields }: WindowDifference): string {
  const sample = (first ?? other) as Sample;
  const size = seconds(sample.windowEnd - sample.windowStart);
  const name = `  ${sample.name} of ${sample.resource.id}, ${size} from ${isoTime(sample.windowStart)}`;
  if (first === null) return `${name}: only there, ${exactJson(sample.volume)}`;
  if (other === null) return `${name}: only here, ${exactJson(sample.volume)}`;
  const both = { first, other };
  return `${name}: ${fields.map((field) => `${field} ${shown(both, 'first', field)} → ${shown(both, 'other', field)}`).join(', ')}`;
}

function shown(both: Both<Sample>, side: Side, field: (typeof FIELDS)[number]): string {
  const sample = both[side];
  switch (field) {
    case 'volume':
      return exactJson(sample.volume);
    case 'flags':
      return sample.flags.join(' ') || 'none';
    case 'resource':
      return sample.resource.id;
    case 'quality':
      return sample.quality;
    case 'coverage':
      return exactJson(sample.coverage);
  }
}

/** A window that differs, for programs; `here` or `there` is null where it is not. */
export function differenceJson({ first, other, fields }: WindowDifference): object {
  const { name, windowStart, windowEnd, resource } = (first ?? other) as Sample;
  const side = (sample: Sample | null) =>
    sample && {
      counter_volume: sample.volume,
      coverage: sample.coverage,
      quality: sample.quality,
      flags: sample.flags,
      revision: sample.revision,
    };
  return {
    window: {
      counter_name: name,
      resource_id: resource.id,
      window_start: isoTime(windowStart),
      window_end: isoTime(windowEnd),
    },
    fields,
    here: side(first),
    there: side(other),
  };
}

/** The last line for programs. Amounts in the counter's units. */
export const resultJson = ({ windows, totals, series, marks, onlyFirst, onlyOther, sizes }: AgainstResult): object => ({
  summary: {
    change_every: everyOf(sizes),
    windows: windows.map(({ meter, size, same, different, onlyFirst: here, onlyOther: there, fields }) => ({
      counter_name: meter,
      window: seconds(size),
      same,
      different,
      only_here: here,
      only_there: there,
      fields,
    })),
    totals: totals.map(({ meter, sizes, series: count, differing, first, other }) => ({
      counter_name: meter,
      window_here: seconds(sizes.first),
      window_there: seconds(sizes.other),
      series: count,
      series_that_differ: differing,
      here: first,
      there: other,
      difference: other - first,
    })),
    series: series.map(({ meter, resource, sizes, first, other }) => ({
      counter_name: meter,
      resource_id: resource,
      window_here: seconds(sizes.first),
      window_there: seconds(sizes.other),
      here: first,
      there: other,
      difference: other - first,
    })),
    marks: Object.fromEntries([...marks].map(([word, { first, other }]) => [word, { here: first, there: other }])),
    meters_only_here: onlyFirst,
    meters_only_there: onlyOther,
  },
});
