import type { ProcessStatus } from '../model.ts';
import type { Known } from './link.ts';

/** A process that counts, by the name that it has on the page. */
export interface Member extends Omit<Known, 'place'> {
  readonly name: string;
  readonly address: string;
}

/** Every process by a name of its own: its `service.id` if no other has that, else its address. */
export function statusesOf(known: readonly Known[]): readonly ProcessStatus[] {
  const first = new Map<string, Known>();
  for (const each of known) {
    const identity = identityOf(each);
    if (identity !== null && !first.has(identity)) first.set(identity, each);
  }
  const owners = new Map<string, number>();
  for (const { overview } of first.values())
    if (overview !== null) owners.set(overview.service, (owners.get(overview.service) ?? 0) + 1);
  const nameOf = ({ overview, place }: Known): string =>
    overview !== null && owners.get(overview.service) === 1 ? overview.service : place.address;
  return known.map((each): ProcessStatus => {
    const { place, state, sinceAt, error, overview } = each;
    const original = first.get(identityOf(each) ?? '');
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

/** No two processes have begun in the same microsecond under one name. Null: it is not heard of, or not now. */
const identityOf = ({ overview, state }: Known): string | null =>
  overview === null || state !== 'live' ? null : JSON.stringify([overview.service, overview.role, overview.startedAt]);
