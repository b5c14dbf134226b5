import type { Book } from '../inventory/book.ts';
import { FINDINGS, type Finding, type JudgeRules, judge } from '../inventory/judge.ts';
import { type EntryView, viewOf } from '../inventory/view.ts';

/** An entry as it is printed; a host's with how many VMs are seen on it. */
export interface InventoryRow extends EntryView {
  readonly instances?: number;
}

/** Which entries are asked for. */
export interface Wanted {
  readonly kind?: 'host' | 'instance';
  readonly only?: readonly Finding[];
  /** Id or name. */
  readonly project?: string;
  /** Of a host or of an endpoint that lists it. */
  readonly host?: string;
  /** Also what is deleted or gone. */
  readonly all?: boolean;
}

/** The entries of a book that are wanted, hosts and where they run in order, then by name. */
export function rowsOf(book: Book, rules: JudgeRules, wanted: Wanted): readonly InventoryRow[] {
  const views = [...book.entries.values()].map((entry) => viewOf(entry, judge(entry, book.now, rules)));
  const on = new Map<string, number>();
  for (const { kind, presence, host } of views)
    if (kind === 'instance' && presence === 'seen' && host !== null) on.set(host, (on.get(host) ?? 0) + 1);
  return views
    .filter((view) => isWanted(view, wanted))
    .map((view) => (view.kind === 'host' ? { ...view, instances: on.get(view.host ?? view.name ?? '') ?? 0 } : view))
    .sort((a, b) => compare(keyOf(a), keyOf(b)));
}

export function isWanted(view: EntryView, { kind, only, project, host, all }: Wanted): boolean {
  if (!all && only === undefined && (view.presence === 'deleted' || view.presence === 'gone')) return false;
  if (kind !== undefined && view.kind !== kind) return false;
  if (only !== undefined && !view.findings.some((finding) => only.includes(finding))) return false;
  if (project !== undefined && view.project_id !== project && view.project_name !== project) return false;
  return host === undefined || view.host === host || view.sources.some((source) => isAt(source, host));
}

const isAt = ({ standing, hypervisor }: EntryView['sources'][number], host: string): boolean =>
  hypervisor === host && (standing === 'sees' || standing === 'silent');

const keyOf = ({ kind, host, name, instance_name, uuid }: EntryView): readonly string[] => [
  kind,
  host ?? '',
  name ?? instance_name ?? '',
  uuid,
];

function compare(a: readonly string[], b: readonly string[]): number {
  const index = a.findIndex((word, at) => word !== b[at]);
  if (index < 0) return 0;
  return (a[index] ?? '') < (b[index] ?? '') ? -1 : 1;
}

/** How many of the rows have each finding. */
export const findingsIn = (rows: readonly EntryView[]): ReadonlyMap<Finding, readonly EntryView[]> =>
  new Map(FINDINGS.map((finding) => [finding, rows.filter(({ findings }) => findings.includes(finding))]));
