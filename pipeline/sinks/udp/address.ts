import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** All addresses of a host name; rejects if it has none. */
export type Lookup = (host: string) => Promise<readonly LookupAddress[]>;

export const systemLookup: Lookup = (host) => lookup(host, { all: true });

/** The host's addresses, IPv6 before IPv4 as Ceilometer's publisher tries them; an address is its own. */
export async function addressesOf(host: string, resolve: Lookup): Promise<readonly LookupAddress[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  return [...(await resolve(host))].sort((a, b) => b.family - a.family);
}
