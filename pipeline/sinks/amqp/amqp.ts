import type { Sample } from '../../model/sample.ts';
import { LATE, orAborted, orLate } from '../../runtime/deadline.ts';
import { leaveOut } from '../dead-samples.ts';
import { addressOf, FORMATS } from '../oslo/formats.ts';
import { createWriter, type Draft, type Writer } from '../oslo/writer.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { screen } from '../validate.ts';
import { createBroker } from './broker.ts';
import { type Link, type LinkOptions, openLink } from './client.ts';
import { type AmqpConfig, amqpConfig } from './config.ts';
import { explained } from './explain.ts';
import { addressesOf, configuredServers, tlsOptions } from './servers.ts';

/** Samples as oslo.messaging carries them over RabbitMQ, all meters of a host in one message, each message confirmed. */
export const amqp = {
  kind: 'amqp',
  schema: amqpConfig,
  create: createAmqpSink,
} satisfies SinkKind<AmqpConfig>;

/** A message of a batch on its way: what was confirmed is not sent again when the batch is offered again. */
interface Outgoing {
  readonly draft: Draft;
  confirmed: boolean;
  /** Sent and neither confirmed nor refused. */
  underway: Promise<void> | null;
}

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

  function send(link: Link, message: Outgoing, { body, uniqueId }: { body: Buffer; uniqueId: string }): Promise<void> {
    message.underway = link.publish(uniqueId, body).then(
      () => {
        message.confirmed = true;
        message.underway = null;
      },
      (error: unknown) => {
        message.underway = null;
        throw new SinkError(name, `a message was not confirmed: ${explained(error)}`, error);
      },
    );
    return message.underway;
  }

  /** Waits for the confirmation, but not for ever. */
  async function confirmed(link: Link, sent: Promise<void>, signal: AbortSignal): Promise<void> {
    const timeoutMs = config.confirmTimeout / 1000;
    if ((await orLate(clock, timeoutMs, orAborted(sent, signal), () => undefined)) !== LATE) return;
    const waited = `no message was confirmed within ${timeoutMs / 1000} s`;
    if (link.blocked !== null)
      throw new SinkError(name, `${waited}: the broker blocks publishers (${link.blocked}): free its memory or disk`);
    link.abandon(new Error(waited));
    throw new SinkError(name, `${waited}: check that the broker is well, or raise confirmTimeout`);
  }

  /** Every message that is not confirmed yet, `inFlight` at a time; after the first failure no further one is begun. */
  async function deliver(link: Link, messages: readonly Outgoing[], signal: AbortSignal): Promise<void> {
    const encoding = await prepared();
    const waiting = messages.filter((message) => !message.confirmed).values();
    const failures: unknown[] = [];
    const lane = async () => {
      for (const message of waiting) {
        const sent = message.underway ?? send(link, message, encoding.body(message.draft));
        await confirmed(link, sent, signal).catch((error: unknown) => failures.push(error));
        if (failures.length > 0) return;
      }
    };
    await Promise.all(Array.from({ length: config.inFlight }, lane));
    if (failures.length > 0) throw failures[0];
  }

  return {
    name,
    async open(signal) {
      await prepared();
      await broker.link(signal);
    },
    async publish(batch, signal) {
      const messages = await outgoing(batch);
      if (messages.length > 0) await deliver(await broker.link(signal), messages, signal);
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
