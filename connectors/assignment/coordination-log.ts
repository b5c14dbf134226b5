import type { RawConsumer } from '../../pipeline/kafka/raw-consumer.ts';
import type { Outgoing } from '../../pipeline/kafka/raw-producer.ts';

/** The coordination topic, read as a member of the collectors' group. */
export interface CoordinationLog {
  readonly consumer: Pick<RawConsumer, 'join' | 'pull' | 'watermarkOffsets' | 'committed' | 'close'>;
  /** Of the topic. */
  readonly partitions: number;
  /** Resolves when Kafka has them. */
  write(messages: readonly Outgoing[]): Promise<void>;
  close(): Promise<void>;
}
