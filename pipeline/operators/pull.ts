import type { SliceBatch } from '../../avro/batch.ts';
import type { Closed } from '../model/closed.ts';
import type { Sample } from '../model/sample.ts';

/**
 * What flows through the pipeline is a pull: the messages that one request to Kafka gave. Each operator turns it into
 * its next form and keeps `next`, the offsets to go on from once everything in it is delivered.
 */
export interface Progressing {
  /** By partition, the offset after the pull's last message. */
  readonly next: ReadonlyMap<number, number>;
}

export interface RawMessage {
  readonly partition: number;
  readonly offset: number;
  /** The record's time in the log, microseconds. */
  readonly timestampUs: number;
  readonly value: Buffer;
}

export interface Pulled extends Progressing {
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

export interface Decoded extends Progressing {
  readonly messages: readonly DecodedMessage[];
  readonly unreadable: readonly Unreadable[];
}

export interface Windowed extends Progressing {
  readonly closed: readonly Closed[];
}

export interface Derived extends Progressing {
  readonly samples: readonly Sample[];
}

/** The messages of one request as a pull. */
export function pullOf(messages: readonly RawMessage[]): Pulled {
  const next = new Map<number, number>();
  for (const { partition, offset } of messages) next.set(partition, Math.max(next.get(partition) ?? 0, offset + 1));
  return { messages, next };
}
