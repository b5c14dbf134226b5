import { setMaxListeners } from 'node:events';
import { Observable } from 'rxjs';
import type { Change, Endpoint, Poll } from '../../connectors/connector.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import type { Fleet } from '../../connectors/simulator/fleet.ts';
import { livesUntil } from '../../connectors/simulator/life.ts';
import { drawsOf } from '../../connectors/simulator/random.ts';
import { endpointsOf } from '../../connectors/simulator/simulator.ts';
import type { Rules } from '../../pipeline/model/rules.ts';
import type { Clock } from '../../pipeline/runtime/clock.ts';
import { handClock } from '../connectors/hand-clock.ts';
import { SECOND, SINCE } from '../connectors/simulator/fleet-of.ts';
import { disturb } from '../pipeline/disturb.ts';
import { type Metered, meter } from './metered-polls.ts';

const INTERVAL_S = 10;

export const RULES: Rules = {
  windows: { sizes: [60 * SECOND, 300 * SECOND], graces: ['auto', 'auto'], anchored: false, revise: false },
  counters: { maxSkew: 60 * SECOND, fillMax: 1000, edge: false },
  // The farthest that `disturb` lets a message fall behind is three others of its partition.
  reorder: 3 * INTERVAL_S * SECOND,
};

/**
 * Polls every host of the fleet at its cadence for so long, on a clock moved by hand. `hears`: what hosts tell of by
 * themselves; nothing unless given.
 */
export async function pollsOf(fleet: Fleet, seconds: number, hears?: Hearing): Promise<readonly Poll[]> {
  const clock = handClock(SINCE);
  const context = { clock, report: () => undefined };
  const polls: Poll[] = [];
  const subscriptions = endpointsOf(fleet, context)
    .map((endpoint) => (hears ? telling(endpoint, happeningsOn(fleet, endpoint.id, seconds), hears, clock) : endpoint))
    .map((endpoint) => pollEndpoint(endpoint, { intervalMs: INTERVAL_S * 1000 }, context))
    .map(({ snapshots }) => snapshots.subscribe((poll) => polls.push(poll)));
  await clock.advance(seconds * 1000);
  for (const subscription of subscriptions) subscription.unsubscribe();
  return polls;
}

/** Shares of the messages that are sent twice, and that are overtaken. */
export type Delivery = Parameters<typeof disturb>[2];

/** Meters what the polls saw, as it was delivered. */
export function metered(fleet: Fleet, polls: readonly Poll[], delivery: Delivery): Metered {
  const { seed } = fleet.config;
  return meter(polls, RULES, (messages, slice) => disturb(messages, drawsOf(seed, 'delivery', slice), delivery));
}

/** What becomes of a change on its way: how often it is heard, and how late, milliseconds. */
export type Hearing = () => readonly number[];

interface Happening {
  readonly at: number;
  readonly change: Change;
}

/** As announced before they happen. */
const AHEAD_US = 200_000;

/** Starts and ends of lives on a host, in the order of time. */
function happeningsOn(fleet: Fleet, host: string, seconds: number): readonly Happening[] {
  const happenings = fleet.guests.flatMap(({ uuid, biography }) =>
    livesUntil(biography, SINCE + seconds * SECOND)
      .filter((life) => life.host.id === host)
      .flatMap(({ from, to }): Happening[] => [
        { at: from, change: { uuid, what: 'started' } },
        { at: to - AHEAD_US, change: { uuid, what: 'stopping' } },
        { at: to, change: { uuid, what: 'stopped' } },
      ]),
  );
  return happenings.toSorted((one, other) => one.at - other.at);
}

/** The endpoint whose sessions tell of what happens while they live. */
const telling = (endpoint: Endpoint, happenings: readonly Happening[], hears: Hearing, clock: Clock): Endpoint => ({
  ...endpoint,
  connect: async (signal) => {
    const changes = new Observable<Change>((subscriber) => {
      const stop = new AbortController();
      setMaxListeners(0, stop.signal);
      const begun = clock.now();
      for (const { at, change } of happenings.filter((one) => one.at >= begun && Number.isFinite(one.at)))
        for (const lateMs of hears())
          clock.sleep((at - begun) / 1000 + lateMs, stop.signal).then(
            () => subscriber.next(change),
            () => undefined,
          );
      return () => stop.abort();
    });
    return { ...(await endpoint.connect(signal)), changes };
  },
});
