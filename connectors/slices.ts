import { isDeepStrictEqual } from 'node:util';
import type { Identity, Instance, Snapshot } from '../avro/snapshot.ts';
import type { Poll } from './connector.ts';

export interface SliceOptions {
  readonly partitions: number;
  /** Which partition an instance's 16 uuid bytes belong to. */
  readonly partitionOf: (uuid: Uint8Array, partitions: number) => number;
  readonly collector: string;
  /** Of polls that tell none. */
  readonly generation: number;
  /** How often an identity travels that did not change. */
  readonly identityEveryUs: number;
}

/** When an instance's identity last travelled, and when the instance was last seen. */
interface Known {
  readonly identity: Identity | null;
  readonly sentAt: number;
  readonly seenAt: number;
}

/** What was sent of a hypervisor's instances, and when its last poll was. */
interface Sent {
  readonly known: Map<string, Known>;
  readonly polledAt: number;
}

/** By hypervisor, who was polled last at the end; hypervisors and instances no longer seen are forgotten. */
export type SliceState = Map<string, Sent>;

/**
 * Cuts a poll into one Snapshot for each partition, empty ones included, in the order of the partitions. An identity is
 * attached at first sight, when it changed and every `identityEveryUs`, else null. Changes the state it is given.
 */
export function cutPoll(state: SliceState, poll: Poll, options: SliceOptions): readonly Snapshot[] {
  const { partitions, partitionOf, collector } = options;
  const generation = poll.generation ?? options.generation;
  const known = state.get(poll.hypervisor)?.known ?? new Map<string, Known>();
  state.delete(poll.hypervisor);
  state.set(poll.hypervisor, { known, polledAt: poll.startedAt });
  forgetUnpolled(state, poll.startedAt, options);
  const deal = (listed: readonly Instance[]): readonly (readonly Instance[])[] => {
    const cut: Instance[][] = Array.from({ length: partitions }, () => []);
    for (const instance of listed)
      cut[partitionOf(instance.uuid, partitions)]?.push(identify(known, instance, poll.startedAt, options));
    return cut;
  };
  const instances = deal(poll.instances);
  const hosts = deal(poll.hosts);
  forgetUnseen(known, poll.startedAt, options);
  const { kind, hypervisor, bootedAt } = poll;
  const source = { kind, hypervisor, collector, generation, bootedAt };
  const { sequence, scheduledAt, startedAt, endedAt, interval, partial } = poll;
  const whole = { sequence, scheduledAt, startedAt, endedAt, interval, instances: poll.instances.length, partial };
  return instances.map((mine, slice) => ({
    source,
    poll: { ...whole, slice, slices: partitions },
    hosts: hosts[slice] ?? [],
    instances: mine,
  }));
}

/** What a poll that was not delivered listed: the identities travel again with the next one. Changes the state. */
export function forgetSent(state: SliceState, { hypervisor, hosts, instances }: Poll): void {
  const known = state.get(hypervisor)?.known;
  for (const { uuid } of [...hosts, ...instances]) known?.delete(uuid.toString('latin1'));
}

export const IN_PARTS = 'the slice is in parts';

/**
 * A slice as two, each with half of its instances; none where it has not two of them. Neither lists everyone, so neither
 * is complete: who is not in the one may be in the other.
 */
export function halved(snapshot: Snapshot): readonly Snapshot[] {
  const { hosts, instances, poll } = snapshot;
  const whole = { ...snapshot, poll: { ...poll, partial: poll.partial ?? IN_PARTS } };
  if (hosts.length > 0 && instances.length > 0)
    return [
      { ...whole, instances: [] },
      { ...whole, hosts: [] },
    ];
  const [some, others] = [halfOf(hosts), halfOf(instances)];
  if (some.length + others.length === 0) return [];
  return [0, 1].map((half) => ({ ...whole, hosts: some[half] ?? [], instances: others[half] ?? [] }));
}

/** The two halves of a list; nothing of one that has not two members. */
function halfOf(listed: readonly Instance[]): readonly (readonly Instance[])[] {
  if (listed.length < 2) return [];
  const middle = Math.ceil(listed.length / 2);
  return [listed.slice(0, middle), listed.slice(middle)];
}

function identify(known: Map<string, Known>, instance: Instance, now: number, options: SliceOptions): Instance {
  const key = instance.uuid.toString('latin1');
  const before = known.get(key);
  const { identity } = instance;
  const fresh = before !== undefined && now - before.sentAt < options.identityEveryUs && now >= before.sentAt;
  if (fresh && (before.identity === identity || isDeepStrictEqual(before.identity, identity))) {
    // The newer reference is kept, so that the next comparison is by reference again.
    known.set(key, { identity, sentAt: before.sentAt, seenAt: now });
    return identity === null ? instance : { ...instance, identity: null };
  }
  known.set(key, { identity, sentAt: now, seenAt: now });
  return instance;
}

/** Who is not polled any more, or so seldom that all identities travel again anyway. */
function forgetUnpolled(state: SliceState, now: number, { identityEveryUs }: SliceOptions): void {
  for (const [hypervisor, { polledAt }] of state) {
    if (Math.abs(now - polledAt) <= identityEveryUs) return;
    state.delete(hypervisor);
  }
}

/** A partial poll does not list everyone: who is missing is kept until the identity would travel again anyway. */
function forgetUnseen(known: Map<string, Known>, now: number, { identityEveryUs }: SliceOptions): void {
  for (const [key, { seenAt }] of known) if (Math.abs(now - seenAt) > identityEveryUs) known.delete(key);
}
