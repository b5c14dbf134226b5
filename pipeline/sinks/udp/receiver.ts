import type { LookupAddress } from 'node:dns';
import type { Clock } from '../../runtime/clock.ts';
import { SinkError } from '../sink.ts';
import { addressesOf, type Lookup } from './address.ts';
import { type Outlet, openOutlet } from './socket.ts';

const RESOLVE_EVERY_US = 60_000_000;
/** A refused address is left for the name's next one, but not more often than this. */
const RESOLVE_REFUSED_EVERY_US = 1_000_000;
const TELL_REFUSAL_EVERY_US = 10_000_000;

/** Where the datagrams go, and whom to tell when nobody is there. */
export interface Destination {
  readonly sink: string;
  readonly host: string;
  readonly port: number;
  readonly sendBufferBytes: number;
  readonly clock: Clock;
  readonly lookup: Lookup;
  /** Trouble that does not stop the sending. */
  readonly trouble: (error: SinkError) => void;
}

/** The receiver by its name: which of its addresses is used, and the socket to it. */
export interface Receiver {
  /** The open socket; looks the name up when it is time. Rejects with a SinkError where there is no way. */
  outlet(): Promise<Outlet>;
  /** Lets the socket go; the next `outlet` opens another. */
  close(): Promise<void>;
}

export function createReceiver({ sink, host, port, clock, lookup, trouble, sendBufferBytes }: Destination): Receiver {
  let current: Outlet | undefined;
  let resolvedAtUs = Number.NEGATIVE_INFINITY;
  let toldAtUs = Number.NEGATIVE_INFINITY;
  let refused = false;

  const onRefused = (error: Error) => {
    refused = true;
    if (clock.monotonic() - toldAtUs < TELL_REFUSAL_EVERY_US) return;
    toldAtUs = clock.monotonic();
    trouble(new SinkError(sink, 'nobody listens there: datagrams are lost until someone does', error));
  };

  const close = async () => {
    const outlet = current;
    current = undefined;
    await outlet?.close();
  };

  const isDue = () => clock.monotonic() - resolvedAtUs >= (refused ? RESOLVE_REFUSED_EVERY_US : RESOLVE_EVERY_US);

  /** In the order to try: first the present one as long as the name has it and nobody refused, else the one after. */
  async function choose() {
    resolvedAtUs = clock.monotonic();
    const addresses = await addressesOf(host, lookup);
    const present = addresses.findIndex(({ address }) => address === current?.to.address);
    const first = present >= 0 && !refused ? present : present + 1;
    refused = false;
    return [...addresses.slice(first), ...addresses.slice(0, first)];
  }

  async function resolve() {
    try {
      return await choose();
    } catch (error) {
      const failure = new SinkError(sink, `cannot look up ${host}: check the name and the DNS`, error);
      if (!current) throw failure;
      trouble(failure);
      return [current.to];
    }
  }

  /** The first address that has a route: a name may have IPv6 addresses where the machine has only IPv4. */
  async function openAny(addresses: readonly LookupAddress[]): Promise<Outlet> {
    let cause: unknown;
    for (const to of addresses) {
      try {
        return await openOutlet(to, port, sendBufferBytes, onRefused);
      } catch (error) {
        cause = error;
      }
    }
    const tried = addresses.map(({ address }) => address).join(', ');
    throw new SinkError(sink, `no way to ${tried}: check host and routes`, cause);
  }

  return {
    close,
    async outlet() {
      if (current && !isDue()) return current;
      const addresses = await resolve();
      const [first] = addresses;
      if (!first) throw new SinkError(sink, `${host} has no address: check the name and the DNS`);
      if (current && current.to.address === first.address) return current;
      await close();
      current = await openAny(addresses);
      return current;
    },
  };
}
