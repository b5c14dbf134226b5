import type { ConnectorEntry } from './discovery.ts';
import { addressesOf } from './entry-address.ts';
import { matchesWhole } from './entry-template.ts';
import type { Findings, Rejected } from './source.ts';

/** Patterns for the whole of a host's name: which to take, and which of those not. */
export interface Filter {
  readonly include?: string | undefined;
  readonly exclude?: string | undefined;
}

export const passes = (host: string, { include, exclude }: Filter): boolean =>
  (include === undefined || matchesWhole(host, include)) && (exclude === undefined || !matchesWhole(host, exclude));

/** An entry and where its source has it. */
export interface Placed {
  readonly entry: ConnectorEntry;
  readonly where: string;
}

/** Those of a source that are wanted, the first of each name and address. */
export function select(
  listed: readonly (Placed & { readonly host: string })[],
  rejected: readonly Rejected[],
  filter: Filter,
): Findings {
  const { kept, doubled } = firstOfEach(listed.filter(({ host }) => passes(host, filter)));
  return {
    entries: kept.map(({ entry }) => entry),
    rejected: [...rejected, ...doubled.map(([, refusal]) => refusal)],
  };
}

/** The first of each name and of each address, and what is wrong with the others. */
export function firstOfEach<One extends Placed>(
  placed: readonly One[],
): { readonly kept: readonly One[]; readonly doubled: readonly (readonly [One, Rejected])[] } {
  const names = new Map<string, string>();
  const addresses = new Map<string, ConnectorEntry>();
  const kept: One[] = [];
  const doubled: [One, Rejected][] = [];
  for (const one of placed) {
    const { entry, where } = one;
    const own = addressesOf(entry);
    const taken = own.map((address) => addresses.get(address)).find((other) => other !== undefined);
    const first = names.get(entry.name);
    if (first !== undefined) {
      const message = `there is another ${entry.name}, at ${first}, which is kept: give each a name of its own`;
      doubled.push([one, { reason: 'duplicate_name', where, message }]);
    } else if (taken !== undefined) {
      const message = `${entry.name} has the address of ${taken.name}, which is kept: it would be metered twice`;
      doubled.push([one, { reason: 'duplicate_address', where, message }]);
    } else {
      names.set(entry.name, where);
      for (const address of own) addresses.set(address, entry);
      kept.push(one);
    }
  }
  return { kept, doubled };
}
