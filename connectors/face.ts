import type { Observation } from './connector.ts';

/** As whom an endpoint answers, before and now. */
export interface Exchange {
  readonly before: string;
  readonly now: string;
}

/** Names of so many hosts are told. */
const SHOWN = 3;

/**
 * Tells when an endpoint answers as somebody else than before: of the hosts that it spoke for none is left, as after an
 * address was given to another machine. One that speaks for no host of its own is known by what its instances say of
 * theirs. Only complete polls count, and it is forgotten with the process.
 */
export class Face {
  #hosts: ReadonlyMap<string, string> = new Map();

  /** A poll has seen this. Null: it is the same as before, or it cannot be told. */
  take(seen: Pick<Observation, 'hosts' | 'instances' | 'partial'>): Exchange | null {
    if (seen.partial !== null) return null;
    const hosts = hostsOf(seen);
    if (hosts.size === 0) return null;
    const before = this.#hosts;
    this.#hosts = hosts;
    if (before.size === 0 || [...hosts.keys()].some((key) => before.has(key))) return null;
    return { before: namesOf(before), now: namesOf(hosts) };
  }
}

function hostsOf({ hosts, instances }: Pick<Observation, 'hosts' | 'instances'>): ReadonlyMap<string, string> {
  if (hosts.length > 0)
    return new Map(hosts.map(({ uuid, identity }) => [uuid.toString('hex'), identity?.name ?? uuid.toString('hex')]));
  const names = instances.flatMap(({ identity }) => (identity?.host ? [identity.host] : []));
  return new Map(names.map((name) => [name, name]));
}

const namesOf = (hosts: ReadonlyMap<string, string>): string =>
  [...hosts.values()].slice(0, SHOWN).join(', ') + (hosts.size > SHOWN ? ` and ${hosts.size - SHOWN} more` : '');
