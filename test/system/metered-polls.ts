import { encodeSnapshot } from '../../avro/codec.ts';
import { SliceReader } from '../../avro/reader.ts';
import type { Poll } from '../../connectors/connector.ts';
import { cutPoll, type SliceState } from '../../connectors/slices.ts';
import { partitionOf } from '../../pipeline/kafka/murmur2.ts';
import { derive } from '../../pipeline/model/derive.ts';
import { DROP_REASONS, type DropReason } from '../../pipeline/model/flags.ts';
import { select } from '../../pipeline/model/meters.ts';
import { accept, createPartition } from '../../pipeline/model/partition.ts';
import type { Rules } from '../../pipeline/model/rules.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import { SECOND } from '../connectors/simulator/fleet-of.ts';

const PARTITIONS = 12;

export interface Message {
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
    identityEveryUs: 60_000_000,
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
    hosts: [],
    instances: [],
  }));
};

export interface Metered {
  readonly samples: readonly Sample[];
  readonly drops: { readonly [reason in DropReason]: number };
}

/** Meters what the polls saw, of all partitions one after the other; `delivered` may disturb a partition's messages. */
export function meter(
  polls: readonly Poll[],
  rules: Rules,
  delivered: (messages: readonly Message[], slice: number) => readonly Message[] = (messages) => messages,
): Metered {
  const deriveRules = { selection: select(['*']), gauges: 'last' as const };
  const drops = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
  const end = messagesOf(epilogueOf(polls));
  const samples = messagesOf(polls).flatMap((messages, slice) => {
    const partition = createPartition(rules);
    return [...delivered(messages, slice), ...(end[slice] ?? [])].flatMap(({ value, time }) => {
      const { closed, tally } = accept(partition, rules, new SliceReader().read(value), {
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
