import { merge, type Subscription } from 'rxjs';
import type { Snapshot } from '../avro/snapshot.ts';
import type { Report } from '../pipeline/runtime/events.ts';
import type { Connector, Poll } from './connector.ts';
import { MESSAGE_BYTES, type Parcel } from './gather.ts';
import type { Outbox } from './outbox.ts';
import { cutPoll, halved, type SliceOptions, type SliceState } from './slices.ts';

export interface CollectDeps {
  readonly outbox: Outbox;
  readonly slicing: SliceOptions;
  readonly encode: (snapshot: Snapshot) => Buffer;
  readonly report: Report;
}

/** A running collector. */
export interface Collection {
  /** Resolves when stopped; rejects when nothing can be sent any more. */
  readonly done: Promise<void>;
  /** Stops polling, sends what was polled, ends by the deadline. Safe to call twice. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * The collector: every connector's polls, cut into a slice for each partition, encoded, gathered and sent to Kafka.
 * A poll is delivered when all of its slices are acknowledged. Starts at once.
 */
export function collect(connectors: readonly Connector[], deps: CollectDeps): Collection {
  const { outbox } = deps;
  const state: SliceState = new Map();
  let polls: Subscription | undefined;
  const failed = new Promise<never>((_, reject) => {
    polls = merge(...connectors.map((connector) => connector.snapshots)).subscribe({
      next: (poll) => outbox.put(parcelsOf(poll, state, deps)),
      error: reject,
    });
  });
  const done = Promise.race([outbox.done, failed]).finally(() => polls?.unsubscribe());
  return {
    done,
    stop: (deadlineMs) => {
      polls?.unsubscribe();
      return outbox.close(deadlineMs);
    },
  };
}

/** A slice that cannot be encoded is reported; those of the other partitions go all the same. */
function parcelsOf(poll: Poll, state: SliceState, { slicing, encode, report }: CollectDeps): readonly Parcel[] {
  const { hypervisor } = poll;
  return cutPoll(state, poll, slicing).flatMap((snapshot) => {
    const { slice: partition } = snapshot.poll;
    try {
      return encodedParts(snapshot, encode).map((value) => ({ hypervisor, partition, value }));
    } catch (cause) {
      report({
        event: 'slices.failed',
        hypervisor,
        error: new Error(`slice ${partition} cannot be encoded`, { cause }),
      });
      return [];
    }
  });
}

/** A slice as what fits a message; one that catches up on an hour may be too large for that and goes in parts. */
function encodedParts(snapshot: Snapshot, encode: CollectDeps['encode']): readonly Buffer[] {
  const value = encode(snapshot);
  const halves = value.length > MESSAGE_BYTES ? halved(snapshot) : [];
  return halves.length === 0 ? [value] : halves.flatMap((half) => encodedParts(half, encode));
}
