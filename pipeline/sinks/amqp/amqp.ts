import { addressesOf, configuredServers } from '../../amqp/servers.ts';
import type { Sample } from '../../model/sample.ts';
import { leavingOut } from '../dead-samples.ts';
import { addressOf, FORMATS } from '../oslo/formats.ts';
import { createWriter, type Writer } from '../oslo/writer.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { screen } from '../validate.ts';
import { createBroker } from './broker.ts';
import { type LinkOptions, openLink } from './client.ts';
import { type AmqpConfig, amqpConfig } from './config.ts';
import { type Message, type Outgoing, sendAll } from './confirming.ts';
import { tlsOptions } from './servers.ts';

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
  const leaveOut = leavingOut(name, context);
  const broker = createBroker({
    sink: name,
    servers,
    clock,
    connectTimeoutMs: config.connectTimeout / 1000,
    // Read for each connection: certificates are renewed.
    open: async (server) => await openLink(server, await linkOptionsOf(name, key, config, context)),
  });
  let writer: Writer | undefined;
  const prepared = async () => {
    writer ??= await createWriter(name, config, context, { withUniqueId: true });
    return writer;
  };
  /** Batches that were not delivered as a whole, by identity: they are offered again. */
  const begun = new WeakMap<readonly Sample[], Outgoing>();

  /** What is to be sent of the batch; null if that is nothing. */
  async function outgoing(batch: readonly Sample[]): Promise<Outgoing | null> {
    const known = begun.get(batch);
    if (known) return known;
    const good = await screen(batch, leaveOut);
    if (good.length === 0) return null;
    const fresh = { ...(await prepared()).drafts(good), unconfirmed: new Set<Message>() };
    begun.set(batch, fresh);
    return fresh;
  }

  return {
    name,
    async open(signal) {
      await prepared();
      await broker.link(signal);
    },
    async publish(batch, signal) {
      const messages = await outgoing(batch);
      if (messages === null) return;
      const { inFlight, confirmTimeout } = config;
      const confirming = {
        sink: name,
        clock,
        writer: await prepared(),
        inFlight,
        confirmTimeoutMs: confirmTimeout / 1000,
      };
      const link = await broker.link(signal);
      await sendAll(messages, link, confirming, signal).catch((error: unknown) => {
        // What could not be packed, a fault of ours, is packed anew when it is offered again.
        if (!(error instanceof SinkError) && !signal.aborted) begun.delete(batch);
        throw error;
      });
      await leaveOut('oversize', messages.oversize);
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
