import type { State } from '../../avro/snapshot.ts';
import { formatUuid } from '../model/resource.ts';
import { isoMicroseconds } from '../runtime/iso-time.ts';
import type { Entry, Sighting } from './book.ts';
import { type Facts, merged, NO_FACTS } from './facts.ts';
import type { Finding, Presence, Standing, Verdict } from './judge.ts';

/** The layout of what is written; a reader passes over what has another. */
export const VERSION = 1;

/** One source of an entry, as it is written. Times are ISO 8601 in UTC with microseconds. */
export interface SourceView {
  readonly kind: string;
  readonly hypervisor: string;
  readonly collector: string;
  /** It lists the instance now (`sees`), has fallen silent, does not list it any more (`gone`), or announces it (`tells`). */
  readonly standing: Standing;
  readonly state: State;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
}

/** One instance or host, as `-o json` prints it and the inventory topic keeps it. Null: nobody told. */
export interface EntryView {
  readonly version: typeof VERSION;
  readonly kind: 'instance' | 'host';
  readonly uuid: string;
  readonly name: string | null;
  readonly instance_name: string | null;
  readonly project_id: string | null;
  readonly project_name: string | null;
  readonly user_id: string | null;
  readonly user_name: string | null;
  readonly flavor: FlavorView | null;
  readonly image: { readonly id: string | null; readonly name: string | null } | null;
  readonly host: string | null;
  readonly availability_zone: string | null;
  readonly os_type: string | null;
  readonly architecture: string | null;
  readonly state: State;
  readonly presence: Presence;
  readonly findings: readonly Finding[];
  readonly created_at: string | null;
  readonly launched_at: string | null;
  readonly first_seen_at: string;
  readonly last_seen_at: string | null;
  readonly deleted_at: string | null;
  readonly sources: readonly SourceView[];
}

/** `memory` in MiB, `disk` in GiB, as nova has them. */
export interface FlavorView {
  readonly id: string | null;
  readonly name: string | null;
  readonly vcpus: number | null;
  readonly memory: number | null;
  readonly disk: number | null;
}

/** What is known of an entry, by a verdict on it. */
export function viewOf(entry: Entry, verdict: Verdict): EntryView {
  const { where, told } = verdict;
  const facts = factsOf(entry, verdict);
  const sources = [...verdict.standings].sort((a, b) => (a.sighting.source.id < b.sighting.source.id ? -1 : 1));
  const seen = sources.filter(({ standing }) => standing !== 'tells');
  return {
    version: VERSION,
    kind: entry.isHost ? 'host' : 'instance',
    uuid: formatUuid(entry.key),
    name: facts.name,
    instance_name: facts.instanceName,
    project_id: facts.projectId,
    project_name: facts.projectName,
    user_id: facts.userId,
    user_name: facts.userName,
    flavor: flavorOf(facts),
    image: facts.imageId === null && facts.imageName === null ? null : { id: facts.imageId, name: facts.imageName },
    host: facts.host,
    availability_zone: facts.zone,
    os_type: facts.osType,
    architecture: facts.architecture,
    state: (where ?? told)?.state ?? 'NOSTATE',
    presence: verdict.presence,
    findings: verdict.findings,
    created_at: timeOf(facts.createdAt),
    launched_at: timeOf(facts.launchedAt),
    first_seen_at: isoMicroseconds(entry.firstSeenAt),
    last_seen_at: seen.length === 0 ? null : isoMicroseconds(Math.max(...seen.map(({ sighting }) => sighting.lastAt))),
    deleted_at: timeOf(told?.deletedAt ?? (verdict.presence === 'deleted' ? (where?.deletedAt ?? null) : null)),
    sources: sources.map(({ sighting, standing }) => sourceView(sighting, standing)),
  };
}

/** The announcer's word and the endpoint's that knows where it is; another's where that one has told nothing yet. */
function factsOf({ sightings }: Entry, { where, told }: Verdict): Facts {
  const seen = where?.facts ?? [...sightings.values()].find(({ source, facts }) => !source.announces && facts)?.facts;
  return merged(told?.facts ?? null, seen ?? null) ?? NO_FACTS;
}

const sourceView = ({ source, state, firstAt, lastAt }: Sighting, standing: Standing): SourceView => ({
  kind: source.kind,
  hypervisor: source.hypervisor,
  collector: source.collector,
  standing,
  state,
  first_seen_at: isoMicroseconds(firstAt),
  last_seen_at: isoMicroseconds(lastAt),
});

function flavorOf({ flavorId: id, flavorName: name, vcpus, memory, disk }: Facts): FlavorView | null {
  const flavor = { id, name, vcpus, memory, disk };
  return Object.values(flavor).every((value) => value === null) ? null : flavor;
}

const timeOf = (us: number | null): string | null => (us === null ? null : isoMicroseconds(us));
