import type { PollInfo, Source, State } from '../../avro/snapshot.ts';
import { type Facts, factsOf, isSame, overlaid } from './facts.ts';
import type { Listed, Listing } from './listing.ts';

/** How far the polls of one source have come in one of their slices. Times in microseconds, by the polls' own clock. */
export interface Lane {
  newestAt: number;
  /** The newest complete one: whoever it did not list is not there. */
  completeAt: number;
}

/** One endpoint, or whoever announces instances. */
export interface SourceBook {
  /** `kind/hypervisor`. */
  readonly id: string;
  readonly kind: string;
  readonly hypervisor: string;
  /** It tells what an instance is and that it exists, never that it runs somewhere. */
  readonly announces: boolean;
  collector: string;
  interval: number;
  /** Into how many slices its polls are cut. */
  slices: number;
  /** Start of its newest poll. */
  pollAt: number;
  /** When it was last heard, by the log's clock. */
  heardAt: number;
  readonly lanes: Map<number, Lane>;
}

/** What one source says of one instance. */
export interface Sighting {
  readonly source: SourceBook;
  slice: number;
  /** The first poll that listed it of those that did so without a break. */
  firstAt: number;
  /** The same of those that listed it as alive; null while it is not. */
  aliveSince: number | null;
  lastAt: number;
  state: State;
  deletedAt: number | null;
  /** A later poll is known to lack it, from before this book was begun. */
  denied: boolean;
  facts: Facts | null;
}

/** Everything that is known of one instance or host. */
export interface Entry {
  readonly key: string;
  readonly isHost: boolean;
  firstSeenAt: number;
  /** Grows with every change of what sources say, other than that they say it again. */
  revision: number;
  readonly sightings: Map<string, Sighting>;
}

/** An inventory as it is built up. It is bounded: see `forget.ts`, and what is beyond `atMost` entries is `refused`. */
export interface Book {
  readonly sources: Map<string, SourceBook>;
  readonly entries: Map<string, Entry>;
  readonly atMost: number;
  /** Listings of instances that found no room. */
  refused: number;
  /** Time of the newest record, by the log's clock. */
  now: number;
}

/** A million of entries is some 2 GB. */
const AT_MOST = 1_000_000;
/** One instance on more endpoints than this is told of the newest only. */
const SIGHTINGS_AT_MOST = 16;

export const createBook = (atMost = AT_MOST): Book => ({
  sources: new Map(),
  entries: new Map(),
  atMost,
  refused: 0,
  now: Number.NEGATIVE_INFINITY,
});

const ANNOUNCERS: ReadonlySet<string> = new Set(['nova']);

/** What is shut off may be left behind on a host without harm. */
export const NOT_ALIVE: ReadonlySet<State> = new Set(['SHUTOFF', 'CRASHED', 'SUSPENDED']);

/**
 * Takes one listing into the book. Listings of one slice of one source that are older than the newest are passed over,
 * so a log that is delivered again changes nothing; those of different slices and sources may come in any order.
 */
export function take(book: Book, { source: told, poll, heardAt, members }: Listing): void {
  book.now = Math.max(book.now, heardAt);
  const source = sourceOf(book, told);
  if (!hear(source, told, poll, heardAt)) return;
  const lane = laneOf(source, poll.slice);
  if (poll.startedAt < lane.newestAt) return;
  const { completeAt } = lane;
  lane.newestAt = poll.startedAt;
  if (poll.partial === null) lane.completeAt = poll.startedAt;
  for (const member of members) {
    const entry = entryOf(book, member, poll.startedAt);
    if (entry) see(entry, source, member, poll, completeAt);
  }
}

/** The source of this kind and name, made at first sight. */
export function sourceOf({ sources }: Book, { kind, hypervisor }: Pick<Source, 'kind' | 'hypervisor'>): SourceBook {
  const id = `${kind}/${hypervisor}`;
  const known = sources.get(id);
  if (known) return known;
  const created: SourceBook = {
    id,
    kind,
    hypervisor,
    announces: ANNOUNCERS.has(kind),
    collector: '',
    interval: 0,
    slices: 0,
    pollAt: Number.NEGATIVE_INFINITY,
    heardAt: Number.NEGATIVE_INFINITY,
    lanes: new Map(),
  };
  sources.set(id, created);
  return created;
}

/** False: a slice of a poll that was cut otherwise than newer ones are. */
function hear(source: SourceBook, { collector }: Source, poll: PollInfo, heardAt: number): boolean {
  source.heardAt = Math.max(source.heardAt, heardAt);
  if (poll.slices !== source.slices) {
    if (poll.startedAt < source.pollAt) return false;
    source.lanes.clear();
    source.slices = poll.slices;
  }
  if (poll.startedAt < source.pollAt) return true;
  source.pollAt = poll.startedAt;
  source.interval = poll.interval;
  source.collector = collector;
  return true;
}

function laneOf({ lanes }: SourceBook, slice: number): Lane {
  const known = lanes.get(slice);
  if (known) return known;
  const created = { newestAt: Number.NEGATIVE_INFINITY, completeAt: Number.NEGATIVE_INFINITY };
  lanes.set(slice, created);
  return created;
}

function entryOf(book: Book, { key, isHost }: Pick<Listed, 'key' | 'isHost'>, at: number): Entry | null {
  const known = book.entries.get(key);
  if (known) {
    if (at < known.firstSeenAt) known.firstSeenAt = at;
    return known;
  }
  if (book.entries.size >= book.atMost) {
    book.refused++;
    return null;
  }
  const created: Entry = { key, isHost, firstSeenAt: at, revision: 0, sightings: new Map() };
  book.entries.set(key, created);
  return created;
}

/** `completeAt`: the newest complete poll of the slice before this one. */
function see(entry: Entry, source: SourceBook, member: Listed, poll: PollInfo, completeAt: number): void {
  const at = poll.startedAt;
  const before = entry.sightings.get(source.id);
  const { state, deletedAt, facts } = source.announces ? announced(member, before) : listed(member, before);
  const unbroken = before !== undefined && before.lastAt >= completeAt && before.deletedAt === null && !before.denied;
  const isAlive = deletedAt === null && !NOT_ALIVE.has(state);
  const sighting = {
    source,
    slice: poll.slice,
    firstAt: unbroken ? before.firstAt : at,
    aliveSince: isAlive ? ((unbroken ? before.aliveSince : null) ?? at) : null,
    lastAt: at,
    state,
    deletedAt,
    denied: false,
    facts: before && isSame(before.facts, facts) ? before.facts : facts,
  };
  if (
    before &&
    unbroken &&
    before.state === state &&
    before.deletedAt === deletedAt &&
    before.facts === sighting.facts
  ) {
    Object.assign(before, sighting);
    return;
  }
  entry.revision++;
  entry.sightings.set(source.id, sighting);
  if (entry.sightings.size > SIGHTINGS_AT_MOST) dropOldest(entry);
}

type Word = Pick<Sighting, 'state' | 'deletedAt' | 'facts'>;

const listed = ({ state, deletedAt, identity }: Listed, before: Sighting | undefined): Word => ({
  state,
  deletedAt,
  facts: identity === null ? (before?.facts ?? null) : factsOf(identity),
});

/** An announcement tells of some things alone, such as a volume's use: what it says nothing of stays as it was told. */
function announced(member: Listed, before: Sighting | undefined): Word {
  const word = listed(member, before);
  if (before === undefined) return word;
  const facts = word.facts && overlaid(word.facts, before.facts);
  if (word.state !== 'NOSTATE') return { ...word, facts };
  return { state: before.state, deletedAt: word.deletedAt ?? before.deletedAt, facts };
}

function dropOldest({ sightings }: Entry): void {
  const oldest = [...sightings.values()].reduce((a, b) => (b.lastAt < a.lastAt ? b : a));
  sightings.delete(oldest.source.id);
}
