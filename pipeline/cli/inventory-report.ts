import type { Book } from '../inventory/book.ts';
import type { Finding, Presence } from '../inventory/judge.ts';
import type { EntryView } from '../inventory/view.ts';
import { exactJson } from '../runtime/json.ts';
import { csvLine } from './csv.ts';
import { plural } from './human.ts';
import { COMMON_COLUMNS, type ColumnName, columnOf, columnsFor } from './inventory-columns.ts';
import { findingsIn, type InventoryRow } from './inventory-rows.ts';
import { formatTable, printable } from './table.ts';

const NAMED = 10;

export const OUTPUTS = ['table', 'json', 'csv'] as const;
export type OutputFormat = (typeof OUTPUTS)[number];

export interface Report {
  readonly output: OutputFormat;
  readonly columns?: readonly ColumnName[];
  /** Of the terminal, if it is one. */
  readonly width?: number | undefined;
  readonly isColored: boolean;
}

/** The lines of an inventory: a table with totals and findings, an object a line, or comma-separated values. */
export function reportLines(rows: readonly InventoryRow[], book: Book, report: Report): readonly string[] {
  if (report.output === 'json') return rows.map((row) => exactJson(row));
  if (report.output === 'csv') return csvLines(rows, report.columns ?? COMMON_COLUMNS);
  const columns = columnsFor(report.columns, rows, report.width);
  const cells = rows.map((row) => columns.map(({ of }) => of(row)));
  const table = rows.length === 0 ? [] : [...formatTable(columns, cells, report.width), ''];
  return [...table, totalsLine(rows, book), ...findingLines(rows, report.isColored)];
}

const PRESENCES: readonly Presence[] = ['silent', 'announced', 'deleted', 'gone'];

function totalsLine(rows: readonly InventoryRow[], { sources, refused }: Book): string {
  const of = (kind: EntryView['kind']) => rows.filter((row) => row.kind === kind);
  const instances = of('instance');
  const running = instances.filter(({ presence, state }) => presence === 'seen' && state === 'RUNNING').length;
  const others = PRESENCES.flatMap((presence) => {
    const count = instances.filter((row) => row.presence === presence).length;
    return count === 0 ? [] : [`${count} ${presence}`];
  });
  const endpoints = [...sources.values()].filter(({ announces }) => !announces).length;
  const told = [`${running} running`, ...others].join(', ');
  const left = refused === 0 ? '' : `; no room for ${plural(refused, 'listing')}`;
  return `${plural(instances.length, 'instance')} (${told}), ${plural(of('host').length, 'host')}, ${plural(endpoints, 'endpoint')}${left}`;
}

const RED = '31';
const GREEN = '32';

function findingLines(rows: readonly InventoryRow[], isColored: boolean): readonly string[] {
  const paint = (text: string, color: string) => (isColored ? `\u001b[${color}m${text}\u001b[0m` : text);
  const found = [...findingsIn(rows)].filter(([, some]) => some.length > 0);
  if (found.length === 0)
    return [paint('nothing is seen twice, by nobody, though deleted, or by a silent endpoint only', GREEN)];
  return found.flatMap(([finding, some]) => [
    paint(`${finding}: ${some.length}${some.length > NAMED ? `, the first ${NAMED}` : ''}`, RED),
    ...some.slice(0, NAMED).map((view) => printable(`  ${labelOf(view)}: ${TELL[finding](view)}`)),
  ]);
}

const labelOf = ({ uuid, name, instance_name }: EntryView): string =>
  [uuid, name ?? instance_name].filter((word) => word !== null).join(' ');

/** Who says so, of each finding. */
const TELL: Readonly<Record<Finding, (view: EntryView) => string>> = {
  twice: ({ sources }) => `listed by ${sourcesOf(sources, 'sees')}`,
  nobody: ({ host }) => `to be running${host === null ? '' : ` on ${host}`}, and no endpoint lists it`,
  zombie: ({ deleted_at, sources }) => `deleted at ${deleted_at}, and still listed by ${sourcesOf(sources, 'sees')}`,
  stale: ({ last_seen_at, sources }) => `last seen at ${last_seen_at} by ${sourcesOf(sources, 'silent')}, silent since`,
};

const sourcesOf = (sources: EntryView['sources'], wanted: string): string =>
  sources
    .filter(({ standing }) => standing === wanted)
    .map(({ hypervisor, state }) => `${hypervisor} (${state.toLowerCase()})`)
    .join(' and ');

/** RFC 4180, with the column's names as they are asked for in the first line; empty where nobody told. */
function csvLines(rows: readonly InventoryRow[], names: readonly ColumnName[]): readonly string[] {
  const columns = names.map(columnOf);
  const cells = rows.map((row) => columns.map(({ of }) => of(row)).map((cell) => (cell === '-' ? '' : cell)));
  return [names, ...cells].map(csvLine);
}
