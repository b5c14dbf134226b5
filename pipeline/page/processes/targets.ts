import { lookup } from 'node:dns/promises';
import { type OpsBase, opsBase } from '../../runtime/ops-client.ts';

/** Every address that a name has, asked anew as time goes on. */
export interface DnsName {
  readonly name: string;
  readonly port: number;
}

/** What a page is asked to show: one process by its address, or those behind a name. */
export type Target = URL | DnsName;

/** A process to listen to. */
export interface Place {
  /** `host:port`. */
  readonly address: string;
  readonly base: OpsBase;
  /** Its own page for a browser; null: it was found by a name, and a browser need not reach it. */
  readonly url: string | null;
}

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** Every address of a name. Rejects with the system's error: ENOTFOUND where there is none. */
export type LookUp = (name: string) => Promise<readonly Address[]>;

/** Names as the system resolves them: its search domains and its hosts file count. */
export const systemLookUp: LookUp = (name) => lookup(name, { all: true });

export function placeOf(address: URL): Place {
  const base = opsBase(address);
  return { address: base.url.host, base, url: base.url.href };
}

/** The places behind a name. Of one with addresses of both families those of IPv4: each process is listened to once. */
export function placesOf({ port }: DnsName, addresses: readonly Address[]): readonly Place[] {
  const four = addresses.filter(({ family }) => family === 4);
  return (four.length > 0 ? four : addresses).map(({ address, family }) => {
    const url = new URL(`http://${family === 6 ? `[${address}]` : address}:${port}/`);
    return { address: url.host, base: opsBase(url), url: null };
  });
}
