import { ensureTopic } from './admin.ts';
import type { Cluster } from './cluster.ts';
import { KafkaError } from './kafka-error.ts';
import { openProducer } from './producer.ts';
import { DeliveryError, type Outgoing, type RawProducer } from './raw-producer.ts';

/** A message of the raw topic that could not be read, and why. */
export interface DeadLetter {
  readonly value: Buffer;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
}

/** Anything else that came to nothing: its bytes, and in the headers what it is and why. */
export interface Letter {
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** How much of a message the topic takes. */
export interface Kept {
  /** So many bytes, from its beginning; null: not even an empty message. */
  readonly bytes: number | null;
  /** Why that is not all; null: it is. */
  readonly refusal: Error | null;
}

/**
 * Keeps what could not be used. `send`: an unreadable message, its original bytes with their source in the headers
 * `source.topic`, `source.partition`, `source.offset` and `reason`; of one that the topic refuses, as it is too large, what
 * it takes, with the whole length in the header `source.bytes`. Both resolve when Kafka has it and reject with a KafkaError.
 */
export interface DeadLetters {
  send(letter: DeadLetter): Promise<Kept>;
  keep(letters: readonly Letter[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens the dead letter topic of the configuration, creating it with one partition if it is not there. */
export async function openDeadLetters(
  cluster: Cluster,
  open: typeof openProducer = openProducer,
): Promise<DeadLetters> {
  const { topics, replication } = cluster.config;
  await ensureTopic(cluster, { name: topics.deadLetters, partitions: 1, replication });
  const first = await open(cluster, topics.deadLetters);
  let opened: Promise<RawProducer> | undefined = Promise.resolve(first);
  const reopen = (): Promise<RawProducer> =>
    open(cluster, topics.deadLetters).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
  async function send(messages: readonly Outgoing[]): Promise<void> {
    opened ??= reopen();
    const used = opened;
    const producer = await used;
    try {
      await producer.send(messages);
    } catch (error) {
      // This producer can do nothing any more: the next letters get another.
      if (error instanceof KafkaError && error.fatal && opened === used) {
        opened = undefined;
        await producer.close();
      }
      throw error;
    }
  }
  return {
    send: async ({ value, partition, offset, reason }) => {
      const headers = {
        'source.topic': topics.raw,
        'source.partition': String(partition),
        'source.offset': String(offset),
        reason,
      };
      let refusal: Error | null = null;
      for (let bytes = value.length; ; bytes >>= 1) {
        const isCut = bytes < value.length;
        const letter = {
          partition: partition % first.partitions,
          value: value.subarray(0, bytes),
          headers: isCut ? { ...headers, 'source.bytes': String(value.length) } : headers,
        };
        try {
          await send([letter]);
          return { bytes, refusal };
        } catch (error) {
          if (!(error instanceof DeliveryError) || error.refused.length === 0) throw error;
          refusal ??= error;
          if (bytes === 0) return { bytes: null, refusal };
        }
      }
    },
    keep: (letters) => send(letters.map((letter) => ({ partition: 0, ...letter }))),
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}
