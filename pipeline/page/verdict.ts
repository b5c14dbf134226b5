import type { FleetRow, FleetSums, Late, Overview, Verdict } from './model.ts';

/** So many of those that are late are named. */
const NAMED = 5;

/** A row that is read as it should be. */
export const isRead = ({ state }: FleetRow): boolean => state === 'up' || state === 'heard';

/** A row that was to be read by now and was not. What is connected to again after a failure is late still. */
export const isLate = ({ state, failures }: FleetRow): boolean =>
  state === 'connecting' ? (failures ?? 0) > 0 : state === 'failing' || state === 'backing_off' || state === 'silent';

type Look = Omit<Overview, 'verdict' | 'problems' | 'trend'>;

/** Whether the fleet is metered, as far as this process knows. */
export function verdictOf(look: Look, rows: readonly FleetRow[]): Verdict {
  const { kind, endpoints, listed } = look.fleet;
  if (endpoints === 0) return { tone: 'odd', ...nobody(kind, listed ?? 0), late: [], more: 0 };
  return fleetVerdict(look.fleet, rows, verbOf(look));
}

/** The verdict of a fleet that has endpoints. `verb`: what happens to those that are read, such as `metered`. */
export function fleetVerdict(
  { kind, endpoints, good, late }: FleetSums,
  rows: readonly FleetRow[],
  verb: string,
): Verdict {
  const what = `${kind === 'heard' ? 'source' : 'endpoint'}${endpoints === 1 ? '' : 's'}`;
  const starting = endpoints - good - late;
  const text = [
    `${number(good)} of ${number(endpoints)} ${what} ${verb}`,
    ...(late > 0 ? [`${number(late)} late`] : []),
    ...(starting > 0 ? [`${number(starting)} not connected yet`] : []),
  ].join('; ');
  const named = rows.filter(isLate).sort(longestFirst).slice(0, NAMED).map(lateOf);
  const tone = late > 0 ? 'bad' : starting > 0 ? 'odd' : 'good';
  return { tone, text, hint: null, late: named, more: late - named.length };
}

/** What is polled or heard is metered where the pipeline works too. */
function verbOf({ fleet, pipeline, kafka, store, ready }: Look): string {
  if (pipeline === null) return fleet.kind;
  if (!ready || kafka?.isNow || store.isAway) return `${fleet.kind}, none metered now`;
  return pipeline.partitions.some(({ isBehind }) => isBehind) ? `${fleet.kind}, metered late` : 'metered';
}

/** Where there is no endpoint: why, and what to do. */
export function nobody(kind: 'polled' | 'heard', listed: number): Pick<Verdict, 'text' | 'hint'> {
  if (kind === 'heard')
    return {
      text: 'No source is heard yet',
      hint: 'Collectors have to write to the raw topic that is read here, kafka.topics.raw; their pages tell whether they poll.',
    };
  if (listed > 0)
    return {
      text: `None of the ${number(listed)} listed endpoints is polled here`,
      hint: 'Other collectors poll them: see their pages.',
    };
  return {
    text: 'No endpoint is polled yet',
    hint: 'Name hosts under connectors, or have them discovered; hypermeter check -c FILE tells what is wrong with them.',
  };
}

/** Those never read come first. */
const longestFirst = (a: FleetRow, b: FleetRow): number =>
  (a.readAt ?? 0) - (b.readAt ?? 0) || (a.name < b.name ? -1 : 1);

const lateOf = ({ id, name, state, readAt, error, process }: FleetRow): Late => ({
  id,
  name,
  state,
  readAt,
  error,
  process,
});

const number = (value: number): string => value.toLocaleString('en');
