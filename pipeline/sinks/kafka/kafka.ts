import { DeliveryError, type Outgoing } from '../../kafka/raw-producer.ts';
import type { Sample } from '../../model/sample.ts';
import { orAborted } from '../../runtime/deadline.ts';
import { leaveOut } from '../dead-samples.ts';
import { addressOf, FORMATS } from '../oslo/formats.ts';
import { createWriter, type Writer } from '../oslo/writer.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { screen } from '../validate.ts';
import { type Connection, openConnection } from './client.ts';
import { type KafkaSinkConfig, kafkaSinkConfig } from './config.ts';

/** Samples as oslo.messaging's Kafka driver carries them: a Ceilometer agent with a kafka:// transport reads them. */
export const kafka = {
  kind: 'kafka',
  schema: kafkaSinkConfig,
  create: createKafkaSink,
} satisfies SinkKind<KafkaSinkConfig>;

function createKafkaSink(config: KafkaSinkConfig, context: SinkContext): Sink {
  const topic = addressOf(FORMATS[config.format], config.topic ?? FORMATS[config.format].topic);
  const name = config.name ?? `kafka://${config.brokers?.join(',') ?? ''}/${topic}`;
  let writer: Writer | undefined;
  let connection: Promise<Connection> | undefined;
  let turn = 0;
  /** What of a batch the brokers do not have yet, by its identity: the batch is offered again. */
  const undelivered = new WeakMap<readonly Sample[], readonly Outgoing[]>();

  /** The connection; one that failed is opened anew. */
  async function connected(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    connection ??= openConnection(name, topic, config, context).catch((error: unknown) => {
      connection = undefined;
      throw explained(error);
    });
    return await orAborted(connection, signal);
  }

  const explained = (error: unknown): SinkError =>
    error instanceof SinkError
      ? error
      : new SinkError(name, error instanceof Error ? error.message : String(error), error);

  const prepared = async () => {
    writer ??= await createWriter(name, config, context, { withUniqueId: false });
    return writer;
  };

  async function encoded(batch: readonly Sample[], partitions: number): Promise<readonly Outgoing[]> {
    const encoding = await prepared();
    const { drafts, oversize } = encoding.drafts(await screen(batch, name, context));
    await leaveOut(context, { sink: name, reason: 'oversize', samples: oversize });
    return drafts.map((draft) => ({ partition: turn++ % partitions, value: encoding.body(draft).body }));
  }

  async function send(
    { producer, close }: Connection,
    batch: readonly Sample[],
    messages: readonly Outgoing[],
    signal: AbortSignal,
  ) {
    undelivered.set(batch, messages);
    try {
      await orAborted(producer.send(messages), signal);
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      undelivered.set(batch, [...error.undelivered, ...error.refused]);
      if (error.fatal) {
        connection = undefined;
        await close();
      }
      throw error.refused.length > 0
        ? new SinkError(name, `${error.message}, or lower batch.bytes of the sink`, error)
        : explained(error);
    }
    undelivered.delete(batch);
  }

  return {
    name,
    async open(signal) {
      await prepared();
      await connected(signal);
    },
    async publish(batch, signal) {
      const known = undelivered.get(batch);
      const open = await connected(signal);
      const messages = known ?? (await encoded(batch, open.producer.partitions));
      if (messages.length > 0) await send(open, batch, messages, signal);
    },
    async close() {
      const open = await connection?.catch(() => undefined);
      connection = undefined;
      await open?.close();
    },
  };
}
