import type { Overview, ProcessStatus } from '../model.ts';
import type { Known } from './link.ts';

/** A process that counts, by the name that it has on the page. */
export interface Member extends Omit<Known, 'place'> {
  readonly name: string;
  readonly address: string;
}

/** Every process by a name of its own: its `service.id` if no other has that, else its host if no other is on it, else its address. */
export function statusesOf(known: readonly Known[]): readonly ProcessStatus[] {
  const counted = new Map<string, Known>();
  for (const each of known) {
    const identity = identityOf(each);
    // Of two addresses of one process the one that answers counts.
    if (identity !== null && isBetter(each, counted.get(identity))) counted.set(identity, each);
  }
  const all = [...counted.values()];
  const [services, hosts] = [ownersOf(all, ({ service }) => service), ownersOf(all, ({ host }) => host)];
  const nameOf = ({ overview, place }: Known): string => {
    const identity = identityOf({ overview });
    if (overview === null) return place.address;
    if (services.get(overview.service) === identity) return overview.service;
    return overview.host !== null && hosts.get(overview.host) === identity ? overview.host : place.address;
  };
  return known.map((each): ProcessStatus => {
    const { place, state, sinceAt, error, overview } = each;
    const original = counted.get(identityOf(each) ?? '');
    return {
      name: nameOf(each),
      address: place.address,
      url: place.url,
      state,
      sinceAt,
      error,
      sameAs: original === undefined || original === each ? null : original.place.address,
      role: overview?.role ?? null,
      service: overview?.service ?? null,
      version: overview?.version ?? null,
      startedAt: overview?.startedAt ?? null,
      ready: overview?.ready ?? null,
      reasons: overview?.reasons ?? [],
      endpoints: overview?.fleet.kind === 'polled' ? overview.fleet.endpoints : null,
      partitions: overview?.pipeline?.partitions.length ?? null,
    };
  });
}

/** Those that are counted: a process with two addresses once. */
export function membersOf(known: readonly Known[], statuses: readonly ProcessStatus[]): readonly Member[] {
  return known.flatMap(({ place, ...rest }, i) => {
    const status = statuses[i];
    return status === undefined || status.sameAs !== null
      ? []
      : [{ ...rest, name: status.name, address: place.address }];
  });
}

const isBetter = (each: Known, known: Known | undefined): boolean =>
  known === undefined || (each.state === 'live' && known.state !== 'live');

/** Which process has a word for a name, by word: the only one that answers, or the only one; null: there are several. */
function ownersOf(
  all: readonly Known[],
  wordOf: (overview: Overview) => string | null,
): ReadonlyMap<string, string | null> {
  const words = new Map<string, Known[]>();
  for (const each of all) {
    const word = each.overview === null ? null : wordOf(each.overview);
    if (word !== null) words.set(word, [...(words.get(word) ?? []), each]);
  }
  return new Map(
    [...words].map(([word, same]) => {
      const live = same.filter(({ state }) => state === 'live');
      const [only, ...others] = live.length > 0 ? live : same;
      return [word, only === undefined || others.length > 0 ? null : identityOf(only)];
    }),
  );
}

/** No two processes have begun in the same microsecond under one name. Null: nothing is known of it. */
const identityOf = ({ overview }: Pick<Known, 'overview'>): string | null =>
  overview === null ? null : JSON.stringify([overview.service, overview.role, overview.startedAt]);
