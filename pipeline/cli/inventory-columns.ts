import { InvalidArgumentError } from 'commander';
import { FINDINGS, type Finding } from '../inventory/judge.ts';
import { suggestion } from '../runtime/config/suggest.ts';
import { widthOf } from './display-width.ts';
import type { InventoryRow } from './inventory-rows.ts';
import { ABSENT, type Column, GAP, LEAST_WIDTH } from './table.ts';

interface Shown extends Column {
  readonly of: (row: InventoryRow) => string;
}

const left = (title: string, of: (row: InventoryRow) => string | null, shrink: Column['shrink'] = false): Shown => ({
  title,
  align: 'left',
  shrink,
  of: (row) => of(row) ?? ABSENT,
});

/** `2026-11-24 12:00:00`, UTC; null stays null. */
const second = (time: string | null): string | null => time?.slice(0, 19).replace('T', ' ') ?? null;

const COLUMNS = {
  uuid: left('UUID', ({ uuid }) => uuid),
  name: left('NAME', ({ name, instance_name }) => name ?? instance_name, 'middle'),
  kind: left('KIND', ({ kind }) => kind),
  'instance-name': left('INSTANCE NAME', ({ instance_name }) => instance_name, 'middle'),
  project: left('PROJECT', ({ project_name, project_id }) => project_name ?? project_id, 'middle'),
  user: left('USER', ({ user_name, user_id }) => user_name ?? user_id, 'middle'),
  flavor: left('FLAVOR', ({ flavor }) => flavor?.name ?? flavor?.id ?? null, true),
  image: left('IMAGE', ({ image }) => image?.name ?? image?.id ?? null, true),
  host: left('HOST', ({ host }) => host, true),
  zone: left('ZONE', ({ availability_zone }) => availability_zone, true),
  state: left('STATE', ({ state, presence }) => (presence === 'seen' ? state.toLowerCase() : presence)),
  'seen-by': left(
    'SEEN BY',
    ({ sources }) =>
      sources.flatMap(({ standing, hypervisor }) => (standing === 'sees' ? hypervisor : [])).join(',') || null,
    true,
  ),
  collector: left(
    'COLLECTOR',
    ({ sources }) =>
      [...new Set(sources.flatMap(({ standing, collector }) => (standing === 'sees' ? collector : [])))].join(',') ||
      null,
    true,
  ),
  vms: { title: 'VMS', align: 'right', of: ({ instances }) => (instances === undefined ? ABSENT : String(instances)) },
  created: left('CREATED', ({ created_at }) => second(created_at)),
  launched: left('LAUNCHED', ({ launched_at }) => second(launched_at)),
  'first-seen': left('FIRST SEEN', ({ first_seen_at }) => second(first_seen_at)),
  'last-seen': left('LAST SEEN', ({ last_seen_at }) => second(last_seen_at)),
  deleted: left('DELETED', ({ deleted_at }) => second(deleted_at)),
  findings: left('FINDINGS', ({ findings }) => findings.join(',') || null),
} satisfies Record<string, Shown>;
export type ColumnName = keyof typeof COLUMNS;

export const COLUMN_NAMES = Object.keys(COLUMNS) as readonly ColumnName[];
/** What is shown where nobody says otherwise. */
export const COMMON_COLUMNS: readonly ColumnName[] = [
  'uuid',
  'name',
  'kind',
  'project',
  'flavor',
  'host',
  'state',
  'seen-by',
  'findings',
];
/** Those that a narrow terminal does without, the first of them first. */
const DISPENSABLE: readonly ColumnName[] = [
  'flavor',
  'kind',
  'project',
  'seen-by',
  'name',
  'host',
  'findings',
  'state',
];

export const columnOf = (name: ColumnName): Shown => COLUMNS[name];

/** The columns to show in so many characters: those asked for, else as many of the common ones as fit. */
export function columnsFor(
  asked: readonly ColumnName[] | undefined,
  rows: readonly InventoryRow[],
  width = Number.POSITIVE_INFINITY,
): readonly Shown[] {
  if (asked) return asked.map(columnOf);
  const shown = [...COMMON_COLUMNS];
  const least = new Map(shown.map((name) => [name, leastWidth(columnOf(name), rows)]));
  for (const name of DISPENSABLE) {
    const needed = shown.reduce((sum, each) => sum + (least.get(each) ?? 0) + GAP.length, -GAP.length);
    if (needed <= width) break;
    shown.splice(shown.indexOf(name), 1);
  }
  return shown.map(columnOf);
}

function leastWidth({ title, shrink, of }: Shown, rows: readonly InventoryRow[]): number {
  const full = rows.reduce((most, row) => Math.max(most, widthOf(of(row))), title.length);
  return shrink ? Math.min(full, Math.max(LEAST_WIDTH, title.length)) : full;
}

/** Parses `uuid,name,host`. */
export const columnNames = (text: string): readonly ColumnName[] => namesIn(text, COLUMN_NAMES, 'column');

/** Parses `twice,nobody`. */
export const findingNames = (text: string): readonly Finding[] => namesIn(text, FINDINGS, 'finding');

function namesIn<Name extends string>(text: string, known: readonly Name[], what: string): readonly Name[] {
  return text.split(',').map((word) => {
    const name = known.find((each) => each === word.trim());
    if (name !== undefined) return name;
    throw new InvalidArgumentError(
      `there is no ${what} "${word}"; known: ${known.join(', ')}${suggestion(word, known)}.`,
    );
  });
}
