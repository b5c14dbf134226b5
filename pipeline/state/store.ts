import type { Sample } from '../model/sample.ts';
import type { Changes, Saved } from '../model/saved.ts';

/**
 * Where a partition is taken up. What lies before `liveFrom` is in the saved state, or was delivered by an earlier
 * owner: it is read, from `start` on, only to bring back what memory held, and publishes nothing.
 */
export interface Taken {
  readonly start: number;
  readonly liveFrom: number;
  /** The state as it was at `liveFrom`; null: what `start` to `liveFrom` tells is all there is. */
  readonly saved: Saved | null;
  /** Samples that were checkpointed and not confirmed, oldest first: to be published before anything else. */
  readonly outbox: readonly Entry[];
}

/** Samples of one checkpoint, frozen: published again they are the same to the byte. */
export interface Entry {
  readonly id: string;
  readonly samples: readonly Sample[];
  /** Names of the sinks that have it already. */
  readonly has: readonly string[];
}

/** One partition's atom: all of it is kept, or nothing. */
export interface Checkpoint {
  readonly partition: number;
  /** The state holds every message before this one. */
  readonly nextOffset: number;
  /** The changes are all there is: what the store has of the partition's state from before is forgotten. */
  readonly whole: boolean;
  /** What became final since the last checkpoint. */
  readonly samples: readonly Sample[];
  /** What changed since the last checkpoint; called once, at once, or never by a store that keeps no state. */
  changes(): Changes;
}

/**
 * `entry`: under what id the samples wait to be confirmed; null: there were none. `fenced`: another owner has the
 * partition. `lost`: the store has forgotten what it had of it and wants the whole state, the same samples with it.
 */
export type Outcome =
  | { readonly outcome: 'kept'; readonly entry: string | null }
  | { readonly outcome: 'fenced' | 'lost' };

/** What the destinations have of one partition. */
export interface Confirmed {
  readonly partition: number;
  /** Everything that the messages before this one gave is delivered; null: of the log, nothing more than before. */
  readonly through: number | null;
  /** Ids of the entries that are delivered. */
  readonly entries: readonly string[];
}

/** How far one sink has what waits of a partition, while others have less: up to this entry. */
export interface Mark {
  readonly partition: number;
  readonly sink: string;
  readonly entry: string;
}

/**
 * The seam to what outlives the process: the state of each partition, the log's offset that it belongs to, and the
 * samples that wait to be delivered. For each partition, in this order:
 *
 *   `take`        when it is assigned, before any of its messages is read; from then on an earlier owner is fenced
 *   `checkpoint`  after its messages were counted and before what they gave is published; one call at a time
 *   `mark`        when some destinations have it and others lag; may overlap with a checkpoint
 *   `confirm`     when all destinations have it, in the order of the checkpoints; what they let go of ahead of that, with
 *                 `through` null; may overlap with a checkpoint
 *   `release`     when it is taken away, after the last confirmation, or when that is not waited for any more
 *
 * Each is one round trip for all the partitions it names, never one a reading. A store that is away for a moment is
 * waited for within the call; the signal gives up waiting. A rejection ends the pipeline: it must not go on without
 * its memory. A mark or a confirmation that a store could not note is no rejection: what it says is delivered is
 * delivered again under the same ids after a restart.
 */
export interface StateStore {
  /** Connects and checks that the store keeps what it is given. Rejects with an error that names the remedy. */
  open(signal: AbortSignal): Promise<void>;
  take(partitions: readonly number[], signal: AbortSignal): Promise<ReadonlyMap<number, Taken>>;
  checkpoint(checkpoints: readonly Checkpoint[], signal: AbortSignal): Promise<ReadonlyMap<number, Outcome>>;
  mark(marks: readonly Mark[], signal: AbortSignal): Promise<void>;
  confirm(confirmed: readonly Confirmed[], signal: AbortSignal): Promise<void>;
  release(partitions: readonly number[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
