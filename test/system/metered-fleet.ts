import { encodeSnapshot } from '../../avro/codec.ts';
import { SliceReader } from '../../avro/reader.ts';
import type { Poll } from '../../connectors/connector.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import { disturb } from '../../connectors/simulator/disturb.ts';
import type { Fleet } from '../../connectors/simulator/fleet.ts';
import { drawsOf } from '../../connectors/simulator/random.ts';
import { endpointsOf } from '../../connectors/simulator/simulator.ts';
import { cutPoll, IDENTITY_EVERY_US, type SliceState } from '../../connectors/slices.ts';
import { partitionOf } from '../../pipeline/kafka/murmur2.ts';
import { derive } from '../../pipeline/model/derive.ts';
import { DROP_REASONS, type DropReason } from '../../pipeline/model/flags.ts';
import { select } from '../../pipeline/model/meters.ts';
import { accept, createPartition } from '../../pipeline/model/partition.ts';
import type { Rules } from '../../pipeline/model/rules.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { handClock } from '../connectors/hand-clock.ts';
import { SECOND, SINCE } from '../connectors/simulator/fleet-of.ts';

export const PARTITIONS = 12;
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

interface Message {
  readonly value: Buffer;
  readonly time: number;
}

/** What the collector would write: the messages of each partition, in their order. */
function messagesOf(polls: readonly Poll[]): Message[][] {
  const state: SliceState = new Map();
  const slicing = {
    partitions: PARTITIONS,
    partitionOf,
    collector: 'c',
    generation: 1,
    identityEveryUs: IDENTITY_EVERY_US,
  };
  const log: Message[][] = Array.from({ length: PARTITIONS }, () => []);
  for (const poll of polls) {
    for (const snapshot of cutPoll(state, poll, slicing)) {
      log[snapshot.poll.slice]?.push({ value: encodeSnapshot(snapshot), time: poll.endedAt });
    }
  }
  return log;
}

/** Every hypervisor, an hour later, with nobody on it: what is open is finished. */
const epilogueOf = (polls: readonly Poll[]): Poll[] => {
  const at = Math.max(...polls.map(({ endedAt }) => endedAt)) + 3600 * SECOND;
  const last = new Map(polls.map((poll) => [poll.hypervisor, poll]));
  return [...last.values()].map((poll) => ({
    ...poll,
    scheduledAt: at,
    startedAt: at,
    endedAt: at,
    host: null,
    instances: [],
  }));
};

export interface Metered {
  readonly samples: readonly Sample[];
  readonly drops: { readonly [reason in DropReason]: number };
}

/** Meters what the polls saw, after some of the messages were sent twice and some overtaken. */
export function metered(fleet: Fleet, polls: readonly Poll[]): Metered {
  const { seed, faults } = fleet.config;
  const deriveRules = { sizes: RULES.windows.sizes, selection: select(['*']), gauges: 'last' as const };
  const drops = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
  const end = messagesOf(epilogueOf(polls));
  const samples = messagesOf(polls).flatMap((messages, slice) => {
    const partition = createPartition(RULES);
    const delivered = disturb(messages, drawsOf(seed, 'delivery', slice), faults);
    return [...delivered, ...(end[slice] ?? [])].flatMap(({ value, time }) => {
      const { closed, tally } = accept(partition, RULES, new SliceReader().read(value), {
        offset: 0,
        time,
        length: value.length,
      });
      for (const reason of DROP_REASONS) drops[reason] += tally.drops[reason];
      return derive(closed, deriveRules);
    });
  });
  return { samples, drops };
}
