import type { Observable, Subscription } from 'rxjs';
import type { Snapshot } from '../avro/snapshot.ts';
import type { Report } from '../pipeline/runtime/events.ts';
import type { Poll } from './connector.ts';
import { MESSAGE_BYTES, type Parcel } from './gather.ts';
import type { Outbox } from './outbox.ts';
import { cutPoll, forgetSent, halved, type SliceOptions, type SliceState } from './slices.ts';

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
 * The collector: the polls of all connectors, cut into a slice for each partition, encoded, gathered and sent to Kafka.
 * A poll is delivered when all of its slices are acknowledged. Starts at once.
 */
export function collect(source: Observable<Poll>, deps: CollectDeps): Collection {
  const { outbox } = deps;
  const state: SliceState = new Map();
  let polls: Subscription | undefined;
  const failed = new Promise<never>((_, reject) => {
    polls = source.subscribe({
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
function parcelsOf(poll: Poll, state: SliceState, deps: CollectDeps): readonly Parcel[] {
  const { slicing } = deps;
  const slices = cutPoll(state, poll, slicing).map((snapshot) => encoded(snapshot, poll.trace, deps));
  const parcels = slices.flat();
  if (poll.settled === undefined) return parcels;
  const settled = settlement(
    poll,
    state,
    parcels.length,
    slices.every(({ length }) => length > 0),
  );
  return parcels.map((parcel) => ({ ...parcel, settled }));
}

/**
 * Waits for so many parcels of a poll and tells it what became of them. The identities of one that is given up have not
 * travelled after all.
 */
function settlement(poll: Poll, state: SliceState, parcels: number, complete: boolean): (delivered: boolean) => void {
  let waiting = parcels;
  let all = complete;
  const tell = (): void => {
    if (!all) forgetSent(state, poll);
    poll.settled?.(all);
  };
  if (waiting === 0) tell();
  return (delivered) => {
    all &&= delivered;
    waiting--;
    if (waiting === 0) tell();
  };
}

function encoded(snapshot: Snapshot, trace: string | undefined, { encode, report }: CollectDeps): readonly Parcel[] {
  const { hypervisor } = snapshot.source;
  const { slice: partition } = snapshot.poll;
  try {
    return encodedParts(snapshot, encode).map((value) => ({ hypervisor, partition, value, trace }));
  } catch (cause) {
    const error = new Error(`slice ${partition} cannot be encoded`, { cause });
    report({ event: 'slices.lost', hypervisor, reason: 'unencodable', slices: 1, error });
    return [];
  }
}

/** A slice as what fits a message; one that catches up on an hour may be too large for that and goes in parts. */
function encodedParts(snapshot: Snapshot, encode: CollectDeps['encode']): readonly Buffer[] {
  const value = encode(snapshot);
  const halves = value.length > MESSAGE_BYTES ? halved(snapshot) : [];
  return halves.length === 0 ? [value] : halves.flatMap((half) => encodedParts(half, encode));
}
