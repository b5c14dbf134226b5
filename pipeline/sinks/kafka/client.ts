import { ensureTopic } from '../../kafka/admin.ts';
import { type Cluster, openCluster } from '../../kafka/cluster.ts';
import { kafkaConfig } from '../../kafka/config.ts';
import { openProducer } from '../../kafka/producer.ts';
import { DeliveryError, type Outgoing, type RawProducer } from '../../kafka/raw-producer.ts';
import { orAborted } from '../../runtime/deadline.ts';
import { type SinkContext, SinkError } from '../sink.ts';
import type { KafkaSinkConfig } from './kafka.ts';

/** The topic that notifications go to. Errors are SinkErrors. */
export interface Outlet {
  /** Connects, unless it is; creates the topic where it is not there. Resolves with its partitions. */
  open(signal: AbortSignal): Promise<number>;
  /** Resolves when the brokers have all, with null; else with what they do not have, and why. */
  send(messages: readonly Outgoing[], signal: AbortSignal): Promise<Unsent | null>;
  close(): Promise<void>;
}

export interface Unsent {
  readonly messages: readonly Outgoing[];
  readonly error: SinkError;
}

interface Connected {
  readonly cluster: Cluster;
  readonly producer: RawProducer;
}

export function createOutlet(
  sink: string,
  topic: string,
  config: KafkaSinkConfig,
  context: SinkContext,
  open: typeof openProducer = openProducer,
): Outlet {
  let connecting: Promise<Connected> | undefined;
  const connect = async (): Promise<Connected> => {
    const { brokers, tls, sasl, compression, replication, librdkafka, partitions } = config;
    const cluster = await openCluster(
      kafkaConfig.parse({ brokers, tls, sasl, compression, replication, librdkafka }),
      context,
    );
    await ensureTopic(cluster, { name: topic, partitions, replication });
    return { cluster, producer: await open(cluster, topic) };
  };
  const connected = (signal: AbortSignal): Promise<Connected> => {
    connecting ??= connect().catch((error: unknown) => {
      connecting = undefined;
      throw failure(sink, error);
    });
    return orAborted(connecting, signal);
  };
  const close = async (): Promise<void> => {
    const present = await connecting?.catch(() => undefined);
    connecting = undefined;
    await present?.producer.close();
    await present?.cluster.close();
  };
  return {
    open: async (signal) => (await connected(signal)).producer.partitions,
    async send(messages, signal) {
      const { producer } = await connected(signal);
      try {
        await orAborted(producer.send(messages), signal);
        return null;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof DeliveryError)) throw failure(sink, error);
        // This producer can do nothing any more: the next attempt opens another.
        if (error.fatal) await close();
        return { messages: [...error.undelivered, ...error.refused], error: failure(sink, error) };
      }
    },
    close,
  };
}

/** The messages of pipeline/kafka name brokers, reason and remedy: that by the settings of `kafka:`, which a sink has too. */
function failure(sink: string, error: unknown): SinkError {
  const told = error instanceof Error ? error.message : String(error);
  const message = told.replaceAll(/(?<= )kafka\.(?=brokers|tls|sasl)/g, "the sink's ");
  const remedy = /size too large/i.test(message) ? '; lower batch.bytes, or raise max.message.bytes of the topic' : '';
  return new SinkError(sink, `${message}${remedy}`, error);
}
