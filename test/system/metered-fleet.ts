import type { Poll } from '../../connectors/connector.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import { disturb } from '../../connectors/simulator/disturb.ts';
import type { Fleet } from '../../connectors/simulator/fleet.ts';
import { drawsOf } from '../../connectors/simulator/random.ts';
import { endpointsOf } from '../../connectors/simulator/simulator.ts';
import type { Rules } from '../../pipeline/model/rules.ts';
import { handClock } from '../connectors/hand-clock.ts';
import { SECOND, SINCE } from '../connectors/simulator/fleet-of.ts';
import { type Metered, meter } from './metered-polls.ts';

const INTERVAL_S = 10;

export const RULES: Rules = {
  windows: { sizes: [60 * SECOND, 300 * SECOND], graces: ['auto', 'auto'], anchored: false, revise: false },
  counters: { maxSkew: 60 * SECOND, fillMax: 1000, edge: false },
  // The farthest that `disturb` lets a message fall behind is three others of its partition.
  reorder: 3 * INTERVAL_S * SECOND,
};

/** Polls every host of the fleet at its cadence for so long, on a clock moved by hand. */
export async function pollsOf(fleet: Fleet, seconds: number): Promise<readonly Poll[]> {
  const clock = handClock(SINCE);
  const context = { clock, report: () => undefined };
  const polls: Poll[] = [];
  const subscriptions = endpointsOf(fleet, context)
    .map((endpoint) => pollEndpoint(endpoint, { intervalMs: INTERVAL_S * 1000 }, context))
    .map(({ snapshots }) => snapshots.subscribe((poll) => polls.push(poll)));
  await clock.advance(seconds * 1000);
  for (const subscription of subscriptions) subscription.unsubscribe();
  return polls;
}

/** Meters what the polls saw, after some of the messages were sent twice and some overtaken. */
export function metered(fleet: Fleet, polls: readonly Poll[]): Metered {
  const { seed, faults } = fleet.config;
  return meter(polls, RULES, (messages, slice) => disturb(messages, drawsOf(seed, 'delivery', slice), faults));
}
