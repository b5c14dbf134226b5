import type { Book, Entry, Sighting } from './book.ts';

/** What may be wrong with an instance, and with a host where it applies (docs/inventory.md). */
export const FINDINGS = ['twice', 'nobody', 'zombie', 'stale'] as const;
export type Finding = (typeof FINDINGS)[number];

/**
 * Where an entry stands: an endpoint lists it (`seen`); none that is heard does, but one that has fallen silent did
 * (`silent`); only an announcer says that it exists (`announced`); it was deleted (`deleted`); nobody knows it any more
 * (`gone`).
 */
const PRESENCES = ['seen', 'silent', 'announced', 'deleted', 'gone'] as const;
export type Presence = (typeof PRESENCES)[number];

/** What becomes of one source's word: it lists the instance now, cannot be asked, does not list it, or only announces. */
export type Standing = 'sees' | 'silent' | 'gone' | 'tells';

export interface Verdict {
  readonly presence: Presence;
  readonly findings: readonly Finding[];
  /** In the order of the entry's sightings. */
  readonly standings: readonly { readonly sighting: Sighting; readonly standing: Standing }[];
  /** The endpoint's word that says where it is; the newest if none lists it any more; null if there never was one. */
  readonly where: Sighting | null;
  /** The announcer's, if there is one. */
  readonly told: Sighting | null;
}

/** Bounds of judgement, in intervals of the source; the least silence in microseconds. */
export interface JudgeRules {
  readonly silentAfter: number;
  readonly leastSilence: number;
  /** Two endpoints that both list an instance for a shorter time than this are a live migration. */
  readonly migration: number;
}

export const RULES: JudgeRules = { silentAfter: 3, leastSilence: 10_000_000, migration: 2 };

/** For one poll of each endpoint: who is listed by two is so at this very moment, for whatever reason. */
export const ONE_LOOK: JudgeRules = { ...RULES, migration: 0 };

/** Judges one entry at the time `now` of the log's clock, microseconds. Changes nothing. */
export function judge(entry: Entry, now: Book['now'], rules: JudgeRules = RULES): Verdict {
  const standings = [...entry.sightings.values()].map((sighting) => ({
    sighting,
    standing: standingOf(sighting, now, rules),
  }));
  const having = (wanted: Standing) => standings.flatMap((each) => (each.standing === wanted ? [each.sighting] : []));
  const [sees, silent, gone, tells] = [having('sees'), having('silent'), having('gone'), having('tells')];
  const told = newest(tells);
  const exists = told !== null && told.deletedAt === null;
  const presence = presenceOf();
  function presenceOf(): Presence {
    if (sees.length > 0) return 'seen';
    if (silent.length > 0) return 'silent';
    if (exists) return 'announced';
    return told !== null || newest(gone)?.deletedAt != null ? 'deleted' : 'gone';
  }
  const is: Readonly<Record<Finding, boolean>> = {
    twice: isTwice(sees, rules),
    nobody: presence === 'announced' && told !== null && isMissed(told, gone, rules),
    zombie: told?.deletedAt != null && sees.some((sighting) => outlives(sighting, told.deletedAt as number, rules)),
    stale: presence === 'silent',
  };
  const where = newest(alive(sees)) ?? newest(sees) ?? newest(silent) ?? newest(gone);
  return { presence, findings: FINDINGS.filter((finding) => is[finding]), standings, where, told };
}

function standingOf({ source, slice, lastAt, deletedAt, denied }: Sighting, now: number, rules: JudgeRules): Standing {
  if (source.announces) return 'tells';
  if (deletedAt !== null || denied) return 'gone';
  const lane = source.lanes.get(slice);
  if (lane && lane.completeAt > lastAt) return 'gone';
  if (now - source.heardAt > Math.max(rules.silentAfter * source.interval, rules.leastSilence)) return 'silent';
  // A poll that is not complete may have left it out: for a while.
  return lane && lane.newestAt - lastAt > rules.silentAfter * source.interval ? 'gone' : 'sees';
}

const alive = (sightings: readonly Sighting[]) => sightings.filter(({ aliveSince }) => aliveSince !== null);

/** The one of the latest poll; of several, the one that came to list it last: that is where it went. */
function newest(sightings: readonly Sighting[]): Sighting | null {
  const later = (a: Sighting, b: Sighting): boolean => {
    const span = Math.max(a.source.interval, b.source.interval);
    if (Math.abs(a.lastAt - b.lastAt) > span) return a.lastAt > b.lastAt;
    return a.firstAt === b.firstAt ? a.source.id < b.source.id : a.firstAt > b.firstAt;
  };
  return sightings.reduce<Sighting | null>((best, each) => (best === null || later(each, best) ? each : best), null);
}

/** Do two endpoints list it as alive, for longer than it takes to move it from the one to the other? */
function isTwice(sees: readonly Sighting[], { migration }: JudgeRules): boolean {
  const running = alive(sees);
  return running.some((a, index) =>
    running.slice(index + 1).some((b) => {
      const together = Math.min(a.lastAt, b.lastAt) - Math.max(a.aliveSince ?? 0, b.aliveSince ?? 0);
      return together >= migration * Math.max(a.source.interval, b.source.interval);
    }),
  );
}

/** Told to run, and listed by none for longer than it takes to start or to move it. */
function isMissed(told: Sighting, gone: readonly Sighting[], { silentAfter }: JudgeRules): boolean {
  if (told.state !== 'RUNNING') return false;
  const { source, slice } = told;
  const since = Math.max(told.aliveSince ?? told.lastAt, ...gone.map(({ lastAt }) => lastAt));
  const at = Math.max(source.pollAt, source.lanes.get(slice)?.newestAt ?? told.lastAt);
  return at - since > silentAfter * Math.max(source.interval, ...gone.map((each) => each.source.interval));
}

const outlives = ({ lastAt, source }: Sighting, deletedAt: number, { migration }: JudgeRules): boolean =>
  lastAt - deletedAt > migration * source.interval;
