import type { FleetRow, FleetSums } from '../model.ts';
import { isLate, isRead } from '../verdict.ts';
import type { Member } from './member.ts';

/**
 * The fleet of several processes, each endpoint once. What is polled wins over what is heard; of two that poll one, as
 * when it is handed over, the one that read it last. What only a process that is away had is late: nobody knows better.
 */
export function mergeRows(members: readonly Member[]): readonly FleetRow[] {
  const rows = new Map<string, FleetRow>();
  for (const row of polledBy(members, 'live')) keep(rows, row, isLater);
  const heard = new Map<string, FleetRow>();
  for (const row of heardBy(members)) keep(heard, row, isHeardLater);
  const orphans = new Map<string, FleetRow>();
  for (const row of polledBy(members, 'away')) keep(orphans, row, isLater);
  for (const [id, orphan] of orphans) {
    const known = heard.get(id);
    // Whoever polls it now need not be seen here.
    if (known === undefined || !isRead(known)) heard.set(id, later(orphan, known));
  }
  for (const [id, row] of heard) if (!rows.has(id)) rows.set(id, row);
  return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1));
}

/** The fleet in a line, of rows that are merged. */
export function mergeSums(members: readonly Member[], rows: readonly FleetRow[]): FleetSums {
  const sums = collectorsOf(members);
  const { listed, toCome } = rosterOf(members);
  return {
    kind: members.some(isCollector) ? 'polled' : 'heard',
    // What is handed over may be heard already, and no row of its new owner yet.
    endpoints: rows.length + Math.min(toCome, Math.max(0, (listed ?? Number.POSITIVE_INFINITY) - rows.length)),
    good: rows.filter(isRead).length,
    late: rows.filter(isLate).length,
    instances: rows.reduce((sum, { instances }) => sum + (instances ?? 0), 0),
    listed,
    polls: sums.reduce((sum, { polls }) => sum + polls, 0),
    calls: sums.reduce((sum, { calls }) => sum + calls, 0),
    failures: sums.reduce((sum, { failures }) => sum + failures, 0),
  };
}

/** Endpoints of the list that none of those that answer polls; 0 where nobody knows of a list. */
export function unpolled(members: readonly Member[]): number {
  const { listed, polled, toCome } = rosterOf(members);
  return Math.max(0, (listed ?? 0) - polled - toCome);
}

interface Roster {
  /** Of the longest list that a collector has; null: none has told of one. */
  readonly listed: number | null;
  /** Endpoints with a row. */
  readonly polled: number;
  /** Endpoints that somebody polls and that are no rows yet. */
  readonly toCome: number;
}

function rosterOf(members: readonly Member[]): Roster {
  const lists = members.flatMap(({ overview }) => overview?.fleet.listed ?? []);
  const listed = lists.length === 0 ? null : Math.max(...lists);
  const polled = new Set([...polledBy(members, 'live')].map(({ id }) => id)).size;
  const more = members
    .filter((member) => member.state === 'live' && isCollector(member))
    .reduce((sum, { overview, rows }) => sum + Math.max(0, (overview?.fleet.endpoints ?? 0) - rows.length), 0);
  // While one is handed over both owners count it.
  return { listed, polled, toCome: listed === null ? more : Math.min(more, Math.max(0, listed - polled)) };
}

const isCollector = ({ overview }: Member): boolean => overview?.fleet.kind === 'polled';

const collectorsOf = (members: readonly Member[]): readonly FleetSums[] =>
  members.flatMap(({ state, overview }) =>
    state === 'live' && overview?.fleet.kind === 'polled' ? [overview.fleet] : [],
  );

function* polledBy(members: readonly Member[], which: 'live' | 'away'): Iterable<FleetRow> {
  for (const member of members) {
    const { state, rows, name: process } = member;
    if ((state === 'live') !== (which === 'live') || !isCollector(member)) continue;
    for (const row of rows) yield which === 'live' ? { ...row, process } : { ...row, ...orphaned(member) };
  }
}

/** What stands in a row whose process is away. */
const orphaned = ({ name, error, sinceAt }: Member) =>
  ({
    process: name,
    state: 'silent',
    sinceAt,
    retryAt: null,
    error: `${name}, which polled it, does not answer: ${error ?? 'it is not heard yet'}`,
    errorAt: sinceAt,
  }) as const;

function* heardBy(members: readonly Member[]): Iterable<FleetRow> {
  for (const { state, overview, rows } of members)
    if (state === 'live' && overview?.fleet.kind === 'heard') yield* rows;
}

function keep(rows: Map<string, FleetRow>, row: FleetRow, wins: (a: FleetRow, b: FleetRow) => boolean): void {
  const known = rows.get(row.id);
  if (known === undefined || wins(row, known)) rows.set(row.id, row);
}

/** Of two read in one moment it is all the same, but the same each time. */
const isLater = (a: FleetRow, b: FleetRow): boolean => {
  const [left, right] = [a.readAt ?? -1, b.readAt ?? -1];
  return left === right ? (a.process ?? '') < (b.process ?? '') : left > right;
};

/** Each partition has heard of a source by itself: silent is what all say is. */
const isHeardLater = (a: FleetRow, b: FleetRow): boolean => (isRead(a) === isRead(b) ? isLater(a, b) : isRead(a));

/** A row with the later reading of both. */
const later = (row: FleetRow, other: FleetRow | undefined): FleetRow =>
  other !== undefined && (other.readAt ?? -1) > (row.readAt ?? -1) ? { ...row, readAt: other.readAt } : row;
