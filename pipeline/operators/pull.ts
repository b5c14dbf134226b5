import type { SliceBatch } from '../../avro/batch.ts';
import type { Closed } from '../model/closed.ts';
import type { Sample } from '../model/sample.ts';
import type { Parcel, ParcelPart } from '../sinks/parcel.ts';
import type { Confirmed } from '../state/store.ts';
import type { Owned } from './ownership.ts';

/**
 * What flows through the pipeline is a pull: the messages that one request to Kafka gave, or the news that there were
 * none. Each operator turns it into its next form.
 */
export interface RawMessage {
  readonly partition: number;
  readonly offset: number;
  /** The record's time in the log, microseconds. */
  readonly timestampUs: number;
  readonly value: Buffer;
  /** `traceparent`s of the polls in it that are traced, as its sender says; undefined: none. */
  readonly traces?: readonly string[] | undefined;
}

/**
 * The wall clock at the log's ends (ruling R3): by partition the offset after the last message that the log held at
 * that time, microseconds.
 */
export interface Tick {
  readonly at: number;
  readonly ends: ReadonlyMap<number, number>;
}

interface Asked {
  /** Null: only messages move the time. */
  readonly tick: Tick | null;
  /** Of the ownership when the messages came: they are of partitions that were owned then. Without, of those owned now. */
  readonly term?: number | undefined;
}

export interface Pulled extends Asked {
  readonly messages: readonly RawMessage[];
}

export interface DecodedMessage extends Omit<RawMessage, 'value'> {
  readonly bytes: number;
  readonly batch: SliceBatch;
}

/** A message that could not be read, and why. */
export interface Unreadable extends RawMessage {
  readonly reason: string;
}

export interface Decoded extends Asked {
  readonly messages: readonly DecodedMessage[];
  readonly unreadable: readonly Unreadable[];
}

interface Traced {
  /** `traceparent` of the span in which windows closed, if it is traced. */
  readonly trace?: string | undefined;
}

/** A pull that gives very much goes on in parts. */
interface Part {
  /** It ends its pull. */
  readonly isLast: boolean;
}

/** What the owned partitions gave. */
export interface Windowed extends Part, Traced {
  readonly closed: readonly { readonly owned: Owned; readonly closed: Closed }[];
  /** The partitions whose state or position moved. */
  readonly moved: ReadonlySet<Owned>;
}

export interface Derived extends Part, Traced {
  readonly samples: readonly { readonly owned: Owned; readonly samples: readonly Sample[] }[];
  readonly moved: ReadonlySet<Owned>;
}

/** What may be published of one partition: it is checkpointed. */
export interface CheckpointedPart extends ParcelPart {
  /** What there is to confirm once the samples are delivered. */
  readonly confirmed: Confirmed;
}

/** What may be published. */
export interface Checkpointed extends Parcel {
  /** How many pulls it ends, and how many other parts of pulls it is made of. */
  readonly pulls: number;
  readonly others: number;
  readonly parts: readonly CheckpointedPart[];
}

/** What waits for its destinations. */
export interface Published extends Checkpointed {
  /** Resolves when every destination has it. */
  readonly delivered: Promise<void>;
}

/** The messages of one request as a pull. */
export const pullOf = (messages: readonly RawMessage[], tick: Tick | null = null, term?: number): Pulled => ({
  messages,
  tick,
  term,
});
