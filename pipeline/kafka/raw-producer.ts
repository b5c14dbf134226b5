import { KafkaError } from './kafka-error.ts';

/** One message to send. */
export interface Outgoing {
  readonly partition: number;
  readonly value: Buffer;
  /** Of a compacted topic; there an empty value is a tombstone. */
  readonly key?: string;
  /** The record's time where the topic keeps the producer's; default is the time of sending. */
  readonly timestampMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Sends to one topic, idempotently and to all in-sync replicas. `send` resolves when every message is acknowledged and
 * rejects with a DeliveryError that lists those that are not; such a one may be sent again (and may, if its
 * acknowledgement was all that got lost, then be there twice). Memory is bounded: `send` waits for room.
 */
export interface RawProducer {
  readonly topic: string;
  /** Partitions of the topic when the producer was opened. */
  readonly partitions: number;
  send(messages: readonly Outgoing[]): Promise<void>;
  /** Resolves when nothing is under way. */
  flush(): Promise<void>;
  /** Waits for what is under way, but no longer than the deadline. Safe to call twice. */
  close(deadlineMs?: number): Promise<void>;
}

/** Messages that were not acknowledged. */
export class DeliveryError extends KafkaError {
  override readonly name = 'DeliveryError';
  /** Worth sending again. */
  readonly undelivered: readonly Outgoing[];
  /** No broker will ever take these. */
  readonly refused: readonly Outgoing[];
  constructor(error: KafkaError, undelivered: readonly Outgoing[], refused: readonly Outgoing[]) {
    super(error.message, { cause: error.cause, fatal: error.fatal });
    this.undelivered = undelivered;
    this.refused = refused;
  }
}
