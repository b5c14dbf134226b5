import type { FleetRow, Overview, Verdict } from '../model.ts';
import { fleetVerdict, nobody } from '../verdict.ts';
import type { Member } from './member.ts';
import { unpolled } from './merge-fleet.ts';
import { unreadPartitions } from './merge-pipeline.ts';

type Look = Omit<Overview, 'verdict' | 'problems'>;

/**
 * Whether the whole fleet is metered, as far as these processes know. It is never good while one of them is not heard:
 * nobody knows what it has.
 */
export function wholeVerdict(look: Look, rows: readonly FleetRow[], members: readonly Member[]): Verdict {
  const away = members.filter(isAway).length;
  const connecting = members.filter(({ state }) => state === 'connecting').length;
  // Those of a process that is away are late already.
  const rest = Math.max(0, unpolled(members) - rows.filter(isOrphan).length);
  const fleet = fleetOf(look, rows, members);
  const all = members.length;
  const text = [
    fleet.text,
    ...(away > 0 && away < all
      ? [`${number(away)} of ${number(all)} processes ${away === 1 ? 'does' : 'do'} not answer`]
      : []),
    ...(connecting > 0 && connecting < all ? [`${number(connecting)} of ${number(all)} processes not heard yet`] : []),
    ...(rest > 0 && look.fleet.endpoints > 0
      ? [`${number(rest)} of ${number(look.fleet.listed ?? 0)} listed endpoints polled by none of these processes`]
      : []),
  ].join('; ');
  if (away > 0) return { ...fleet, text, tone: 'bad' };
  // What a pipeline hears is metered, whoever polls it.
  const isSeen = rest <= rows.filter(({ state }) => state === 'heard').length;
  return { ...fleet, text, tone: fleet.tone === 'good' && (connecting > 0 || !isSeen) ? 'odd' : fleet.tone };
}

/** It was polled by a process that is away. */
const isOrphan = ({ state, process }: FleetRow): boolean => state === 'silent' && process !== null;

/** It was asked, and is not understood. */
export const isAway = ({ state }: Pick<Member, 'state'>): boolean => state === 'away' || state === 'foreign';

function fleetOf(look: Look, rows: readonly FleetRow[], members: readonly Member[]): Verdict {
  const { kind, endpoints, listed } = look.fleet;
  if (endpoints > 0) return fleetVerdict(look.fleet, rows, verbOf(members));
  return { tone: 'odd', ...nobodyOf(members, kind, listed ?? 0), late: [], more: 0 };
}

function nobodyOf(
  members: readonly Member[],
  kind: 'polled' | 'heard',
  listed: number,
): Pick<Verdict, 'text' | 'hint'> {
  const all = members.length;
  if (all === 0)
    return {
      text: 'No process is found yet',
      hint: 'They are looked for anew every 10 s under the names that this page was given.',
    };
  if (members.every(isAway))
    return {
      text: all === 1 ? 'The process does not answer' : `None of these ${number(all)} processes answers`,
      hint: 'Do they run, and is each of these addresses the ops.listen of one?',
    };
  if (!members.some(({ state }) => state === 'live'))
    return { text: `${number(all)} ${all === 1 ? 'process is' : 'processes are'} not heard yet`, hint: null };
  if (listed > 0)
    return {
      text: `None of the ${number(listed)} listed endpoints is polled by these processes`,
      hint: 'Give this page the addresses of the collectors that poll them, too.',
    };
  return nobody(kind, listed);
}

/** What is polled is metered where pipelines work, in part where one of them does not, or reads not all. */
function verbOf(members: readonly Member[]): string {
  const live = members.filter(({ state }) => state === 'live');
  const kind = live.some(({ overview }) => overview?.fleet.kind === 'polled') ? 'polled' : 'heard';
  const pipelines = live.flatMap(({ overview }) => (overview?.pipeline ? [overview] : []));
  if (pipelines.length === 0) return kind;
  const hindered = pipelines.filter(({ ready, kafka, store }) => !ready || kafka?.isNow || store.isAway).length;
  if (hindered === pipelines.length) return `${kind}, none metered now`;
  if (hindered > 0 || unreadPartitions(members).length > 0) return `${kind}, metered in part`;
  const isBehind = pipelines.some(({ pipeline }) => pipeline?.partitions.some((each) => each.isBehind));
  return isBehind ? `${kind}, metered late` : 'metered';
}

const number = (value: number): string => value.toLocaleString('en');
