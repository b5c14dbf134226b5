import { leaveOut } from '../dead-samples.ts';
import { readSecret } from '../secret.ts';
import type { Sink, SinkContext, SinkKind } from '../sink.ts';
import { screen } from '../validate.ts';
import { nameOf, parseAddress } from './address.ts';
import { createClient } from './client.ts';
import { type AmqpConfig, amqpConfig } from './config.ts';
import { bodyOf, type Load, type MessageRules, pack } from './message.ts';

/** Ceilometer's samples through RabbitMQ: many in one oslo.messaging notification, confirmed. */
export const amqp = {
  kind: 'amqp',
  schema: amqpConfig,
  create: createAmqpSink,
} satisfies SinkKind<AmqpConfig>;

function createAmqpSink(config: AmqpConfig, context: SinkContext): Sink {
  const { clock, publisherId } = context;
  const address = addressOf(config);
  const name = config.name ?? `${nameOf(address)} ${config.exchange}`;
  const connectionName = `hypermeter ${publisherId} ${name}`;
  const client = createClient({ sink: name, config, address, connectionName, clock });
  let rules: MessageRules | undefined;
  const messageRules = async () => {
    rules ??= await rulesOf(name, config, context);
    return rules;
  };
  const bodies = function* (loads: readonly Load[], rules: MessageRules) {
    for (const load of loads) yield bodyOf(load, rules, clock.now());
  };

  return {
    name,
    async open(signal) {
      await messageRules();
      await client.open(signal);
    },
    async publish(batch, signal) {
      const good = await screen(batch, name, context);
      const rules = await messageRules();
      const { loads, oversize } = pack(good, rules);
      await leaveOut(context, { sink: name, reason: 'oversize', samples: oversize });
      if (loads.length > 0) await client.publish(bodies(loads, rules), signal);
    },
    close: () => client.close(),
  };
}

function addressOf({ url, password }: AmqpConfig) {
  const address = parseAddress(url);
  return password === undefined ? address : { ...address, hosts: address.hosts.map((host) => ({ ...host, password })) };
}

async function rulesOf(name: string, config: AmqpConfig, context: SinkContext): Promise<MessageRules> {
  const { format, source, timestamps, annotate, maxSamples, maxBytes } = config;
  const secret = await readSecret(name, config);
  // Path A has no publisher_id in its samples, nor has path B: it is the notification's.
  return {
    format,
    source,
    timestamps,
    annotate,
    maxSamples,
    maxBytes,
    secret,
    publisherId: null,
    service: context.publisherId,
  };
}
