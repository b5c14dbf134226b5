import { METERS, matches } from '../model/meters.ts';
import type { Difference } from '../runtime/config/differences.ts';
import { parseDuration } from '../runtime/config/units.ts';
import { plural } from './human.ts';
import type { Config } from './schema.ts';

/** The long-running roles that a change may concern; `run` is both. */
export type RoleName = 'collect' | 'pipeline';

/** What has to be done for a change to come into effect, and what it does then. */
export interface Effect {
  /** Which roles have to be started again; empty: none. */
  readonly restart: readonly RoleName[];
  /** In words; null where the setting says it all. */
  readonly tells: string | null;
}

type Sides = { readonly before: Config; readonly after: Config };
type Tell = (difference: Difference, sides: Sides) => string | null;

const BOTH: readonly RoleName[] = ['collect', 'pipeline'];
const COLLECT: readonly RoleName[] = ['collect'];
const PIPELINE: readonly RoleName[] = ['pipeline'];
const say =
  (text: string | null): Tell =>
  () =>
    text;

const TOTALS_SAME = 'windows from the restart on are split otherwise; the totals stay the same';
const CREATED_ONLY = 'counts where the topic has to be created only, and changes none that is there';
const COLLECTORS_TOGETHER =
  'change all collectors together: while they differ, endpoints are polled twice, of which one counts, or not at all';

/** By path, the longest that fits: whom the change concerns, and what it does. */
const EFFECTS: readonly (readonly [path: string, restart: readonly RoleName[], tell: Tell])[] = [
  ['service', BOTH, say(null)],
  ['service.id', BOTH, say('receivers see another publisher_id, and the raw topic another collector')],
  ['kafka', BOTH, say(null)],
  [
    'kafka.topics.raw',
    BOTH,
    say('the new topic is metered from its beginning; let the pipelines read the old one to its end first (lag 0)'),
  ],
  ['kafka.topics.deadLetters', PIPELINE, say(null)],
  [
    'kafka.group',
    PIPELINE,
    say(
      'a new group has delivered nothing yet: all that the raw topic holds is published again under the same message_id',
    ),
  ],
  ['kafka.groupInstance', PIPELINE, say(null)],
  ['kafka.partitions', [], say(CREATED_ONLY)],
  ['kafka.replication', [], say(CREATED_ONLY)],
  ['collector', COLLECT, say(null)],
  ['collector.interval', COLLECT, say('a grace of auto follows by itself, without a restart of the pipelines')],
  ['collector.shard', COLLECT, say(COLLECTORS_TOGETHER)],
  ['collector.group', COLLECT, say(COLLECTORS_TOGETHER)],
  [
    'collector.spool.directory',
    COLLECT,
    say('what waits in the old directory is not sent from the new one: let it empty first'),
  ],
  ['connectors', COLLECT, ofConnector],
  ['discovery', COLLECT, say(null)],
  ['pipeline', PIPELINE, say(null)],
  ['pipeline.windows', PIPELINE, ofWindow],
  ['pipeline.reorder', PIPELINE, later('windows come out')],
  ['pipeline.mode', PIPELINE, say(TOTALS_SAME)],
  ['pipeline.gaps', PIPELINE, say(TOTALS_SAME)],
  ['pipeline.maxSkew', PIPELINE, say('readings beyond it are left out of the totals, and counted as quarantined')],
  ['pipeline.gauges', PIPELINE, say('gauges from the restart on have another counter_volume')],
  ['meters', PIPELINE, ofMeters],
  ['state', PIPELINE, say(null)],
  ['state.type', PIPELINE, anotherStore],
  ['state.url', PIPELINE, anotherStore],
  ['state.sentinel', PIPELINE, anotherStore],
  ['state.cluster', PIPELINE, anotherStore],
  ['state.prefix', PIPELINE, anotherStore],
  ['sinks', PIPELINE, ofSink],
  ['inventory', PIPELINE, say(null)],
  ['ops', BOTH, say(null)],
];

/** What a difference means for a fleet that runs. */
export function effectOf(difference: Difference, sides: Sides): Effect {
  const path = difference.path.join('.');
  const fitting = EFFECTS.filter(([prefix]) => path === prefix || path.startsWith(`${prefix}.`));
  const [, restart, tell] = fitting.sort(([a], [b]) => b.length - a.length)[0] ?? ['', BOTH, say(null)];
  return { restart, tells: tell(difference, sides) };
}

/** Whether it is a whole entry of a list that came or went. */
const isEntry = ({ path }: Difference, depth: number): boolean => path.length === depth;

function ofConnector(difference: Difference): string | null {
  if (!isEntry(difference, 2)) return null;
  return difference.before === undefined
    ? 'what it has counted before its first poll is a baseline, and nobody’s, but for VMs known from elsewhere'
    : 'its VMs are polled no more; their last windows come out after the grace';
}

function ofSink(difference: Difference): string | null {
  if (!isEntry(difference, 2)) return null;
  return difference.before === undefined
    ? 'it gets what is published from the restart on'
    : 'what waits for it is not delivered any more; one that was renamed counts as a new one';
}

const IN_MEMORY =
  'state in memory: state.rewind of the raw topic is read again by the new sizes; let both sizes stand beside each other for a while';

/** The same that docs/kubernetes.md says of changing a window. */
function ofWindow(difference: Difference, { after }: Sides): string | null {
  if (!isEntry(difference, 3)) return shiftOf('of a silent series the last windows come', difference);
  const isRedis = after.state.type === 'redis';
  if (difference.before !== undefined)
    return isRedis
      ? 'goes on up to the next instant at which a window of it and of the size in its stead end; nothing is lost or doubled'
      : IN_MEMORY;
  return isRedis
    ? 'begins at a bound of its own and of the size that it replaces, with whole windows; cumulatives go on'
    : IN_MEMORY;
}

function later(what: string): Tell {
  return (difference) => shiftOf(what, difference);
}

/** How much later or earlier, where both sides are durations. */
function shiftOf(what: string, { before, after }: Difference): string | null {
  const [from, to] = [before, after].map((text) => parseDuration(String(text)));
  if (from === undefined || to === undefined) return null;
  return `${what} ${Math.abs(to - from) / 1e6} s ${to > from ? 'later' : 'earlier'}`;
}

const NAMED = 5;

/** Which meters come and go, by name. */
function ofMeters(_: Difference, { before, after }: Sides): string {
  const [had, has] = [before, after].map(({ meters }) => METERS.map(({ name }) => name).filter(matches(meters)));
  const lines = [
    told(
      'more',
      (has ?? []).filter((name) => !had?.includes(name)),
    ),
    told(
      'fewer',
      (had ?? []).filter((name) => !has?.includes(name)),
    ),
  ].filter((text) => text !== '');
  return lines.length === 0 ? 'the same meters' : lines.join('; ');
}

const told = (word: string, names: readonly string[]): string =>
  names.length === 0
    ? ''
    : `${plural(names.length, 'meter')} ${word}: ${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ' …' : ''}`;

/** What is not found in the new place is made of the log. */
function anotherStore(_: Difference, { after }: Sides): string {
  return after.state.type === 'redis'
    ? `unless the new place holds the state, it is built anew from the raw topic, ${hours(after.state.rewind)} back; nothing is lost while the topic reaches so far`
    : `at every start the state is built anew from the raw topic, ${hours(after.state.rewind)} back; nothing is lost while the topic reaches so far`;
}

const hours = (us: number): string => (us % 3.6e9 === 0 ? `${us / 3.6e9} h` : `${us / 60e6} min`);
