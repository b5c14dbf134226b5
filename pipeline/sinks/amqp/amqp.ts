import type { Sample } from '../../model/sample.ts';
import { leaveOut } from '../dead-samples.ts';
import { addressOf, FORMATS } from '../oslo/formats.ts';
import { createWriter, type Writer } from '../oslo/writer.ts';
import type { Sink, SinkContext, SinkKind } from '../sink.ts';
import { screen } from '../validate.ts';
import { createBroker } from './broker.ts';
import { type LinkOptions, openLink } from './client.ts';
import { type AmqpConfig, amqpConfig } from './config.ts';
import { type Outgoing, sendAll } from './confirming.ts';
import { addressesOf, configuredServers, tlsOptions } from './servers.ts';

/** Samples as oslo.messaging carries them over RabbitMQ, all meters of a host in one message, each message confirmed. */
export const amqp = {
  kind: 'amqp',
  schema: amqpConfig,
  create: createAmqpSink,
} satisfies SinkKind<AmqpConfig>;

function createAmqpSink(config: AmqpConfig, context: SinkContext): Sink {
  const { clock } = context;
  const servers = configuredServers(config);
  const key = addressOf(FORMATS[config.format], config.topic ?? FORMATS[config.format].topic);
  const name = config.name ?? `${addressesOf(servers)}#${config.exchange}/${key}`;
  let linkOptions: LinkOptions | undefined;
  const broker = createBroker({
    sink: name,
    servers,
    clock,
    connectTimeoutMs: config.connectTimeout / 1000,
    open: async (server) => {
      linkOptions ??= await linkOptionsOf(name, key, config, context);
      return await openLink(server, linkOptions);
    },
  });
  let writer: Writer | undefined;
  const prepared = async () => {
    writer ??= await createWriter(name, config, context, { withUniqueId: true });
    return writer;
  };
  /** Batches that were not delivered as a whole, by identity: they are offered again. */
  const begun = new WeakMap<readonly Sample[], readonly Outgoing[]>();

  async function outgoing(batch: readonly Sample[]): Promise<readonly Outgoing[]> {
    const known = begun.get(batch);
    if (known) return known;
    const { drafts, oversize } = (await prepared()).drafts(await screen(batch, name, context));
    await leaveOut(context, { sink: name, reason: 'oversize', samples: oversize });
    const messages = drafts.map((draft) => ({ draft, confirmed: false, underway: null }));
    begun.set(batch, messages);
    return messages;
  }

  return {
    name,
    async open(signal) {
      await prepared();
      await broker.link(signal);
    },
    async publish(batch, signal) {
      const messages = await outgoing(batch);
      if (messages.length > 0) {
        const { inFlight, confirmTimeout } = config;
        const confirming = {
          sink: name,
          clock,
          writer: await prepared(),
          inFlight,
          confirmTimeoutMs: confirmTimeout / 1000,
        };
        await sendAll(messages, await broker.link(signal), confirming, signal);
      }
      begun.delete(batch);
    },
    close: () => broker.close(),
  };
}

async function linkOptionsOf(
  name: string,
  key: string,
  config: AmqpConfig,
  context: SinkContext,
): Promise<LinkOptions> {
  const { exchange, durable, declare, queue, persistent } = config;
  return {
    clock: context.clock,
    route: { exchange, key, durable, declare, queue, persistent },
    tls: await tlsOptions(name, config),
    heartbeatS: config.heartbeat / 1_000_000,
    connectTimeoutMs: config.connectTimeout / 1000,
    connectionName: `hypermeter ${context.publisherId}`,
  };
}
