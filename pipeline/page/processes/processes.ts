import type { Clock } from '../../runtime/clock.ts';
import { within } from '../../runtime/deadline.ts';
import { type Known, type Link, openLink } from './link.ts';
import { type DnsName, type LookUp, type Place, placeOf, placesOf, systemLookUp, type Target } from './targets.ts';

/** Names are asked for so often, milliseconds. */
const LOOK_UP_MS = 10_000;
const ANSWER_WITHIN_MS = 5000;
/** As many processes of one name are listened to; each costs a connection and a copy of its fleet. */
const MOST_PLACES = 500;

/** What is known of all processes that a page is asked to show. */
export interface Processes {
  known(): readonly Known[];
  /** Names that lead to no process: why. */
  lost(): readonly string[];
  close(): void;
}

/** The latest of a name. */
interface Resolved {
  places: readonly Place[];
  error: string | null;
}

/**
 * Listens to every process until closed. Names are looked up anew: processes that come are listened to; one whose
 * address a name has no more is forgotten when it does not answer.
 */
export function openProcesses(targets: readonly Target[], clock: Clock, lookUp: LookUp = systemLookUp): Processes {
  const closing = new AbortController();
  const links = new Map<string, Link>();
  const fixed = targets.filter((target) => target instanceof URL).map(placeOf);
  const names = new Map(
    targets.filter((target): target is DnsName => !(target instanceof URL)).map((each) => [each, unknown()]),
  );

  const settle = (): void => {
    const wanted = new Map([...names.values()].flatMap(({ places }) => places).map((place) => [place.address, place]));
    for (const place of fixed) wanted.set(place.address, place);
    for (const [address, place] of wanted) if (!links.has(address)) links.set(address, openLink(place, clock));
    for (const [address, link] of links) {
      if (wanted.has(address) || link.known().state === 'live') continue;
      link.close();
      links.delete(address);
    }
  };
  const ask = async (name: DnsName, resolved: Resolved): Promise<void> => {
    try {
      const found = await within(clock, ANSWER_WITHIN_MS, 'looking it up', () => lookUp(name.name), closing.signal);
      resolved.places = placesOf(name, found).slice(0, MOST_PLACES);
      resolved.error = found.length === 0 ? NOBODY : null;
    } catch (error) {
      const why = error instanceof Error ? error : new Error(String(error));
      const hasNone = 'code' in why && why.code === 'ENOTFOUND';
      // A server that does not answer says nothing of the processes.
      if (hasNone) resolved.places = [];
      resolved.error = hasNone ? NOBODY : `cannot be looked up: ${why.message}`;
    }
  };
  const follow = async (): Promise<void> => {
    for (;;) {
      await Promise.all([...names].map(([name, resolved]) => ask(name, resolved)));
      closing.signal.throwIfAborted();
      settle();
      await clock.sleep(LOOK_UP_MS, closing.signal);
    }
  };
  settle();
  // Ends when it is closed.
  if (names.size > 0) follow().catch(() => undefined);

  return {
    known: () => [...links.values()].map((link) => link.known()),
    lost: () =>
      [...names].flatMap(([{ name, port }, { error }]) => (error === null ? [] : [`dns:${name}:${port} ${error}`])),
    close: () => {
      closing.abort();
      for (const link of links.values()) link.close();
    },
  };
}

const NOBODY = 'has no address: does a process of that name run?';

const unknown = (): Resolved => ({ places: [], error: null });
