import type { Announcement, Observation } from './connector.ts';

/**
 * Which announcements are an endpoint's own: those of VMs that it listed in its last poll, and starts on hosts that it
 * speaks for. A start on a host that nobody is known to speak for is nobody's: its turn will find it, where asking the
 * whole fleet would cost more than it tells.
 */
export class Audience {
  #hosts: ReadonlySet<string>;
  #listed: readonly Buffer[] = [];
  /** Made of `#listed` when it is asked for. */
  #uuids: ReadonlySet<string> | null = null;
  readonly #endpoint: string;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
    this.#hosts = withShortNames([endpoint]);
  }

  /** A poll has seen this. */
  take({ hosts, instances }: Pick<Observation, 'hosts' | 'instances'>): void {
    this.#listed = instances.map(({ uuid }) => uuid);
    this.#uuids = null;
    const names = new Set<string | null | undefined>([this.#endpoint]);
    for (const { identity } of instances) names.add(identity?.host);
    for (const { identity } of hosts) names.add(identity?.name).add(identity?.instanceName).add(identity?.host);
    this.#hosts = withShortNames(names);
  }

  concerns({ uuid, host, what }: Announcement): boolean {
    this.#uuids ??= new Set(this.#listed.map((each) => each.toString('latin1')));
    if (this.#uuids.has(uuid.toString('latin1'))) return true;
    if (what !== 'started' || host === null) return false;
    const name = host.toLowerCase();
    return this.#hosts.has(name) || this.#hosts.has(name.includes('.') ? labelOf(name) : `${name}.`);
  }
}

const labelOf = (name: string): string => name.split('.', 1)[0] ?? name;

/** In lower case; `kvm1.example.org` besides as `kvm1.`, for somebody who calls it `kvm1`. */
function withShortNames(names: Iterable<string | null | undefined>): ReadonlySet<string> {
  const all = new Set<string>();
  for (const each of names) {
    const name = each?.toLowerCase();
    if (name) all.add(name);
    if (name?.includes('.')) all.add(`${labelOf(name)}.`);
  }
  return all;
}
