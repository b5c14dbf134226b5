import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { type Channel, connect, type GetMessage } from 'amqplib';
import type { Sample } from '../../../../pipeline/model/sample.ts';
import { amqp } from '../../../../pipeline/sinks/amqp/amqp.ts';
import { amqpConfig } from '../../../../pipeline/sinks/amqp/config.ts';
import type { Sink } from '../../../../pipeline/sinks/sink.ts';
import { aContext } from '../a-context.ts';
import { aSample } from '../a-sample.ts';

const run = promisify(execFile);
export const servicesDir = process.env.SVC_RUN ?? `${process.env.TMPDIR ?? '/tmp'}/hypermeter-services`;
export const RABBIT_PORT = 15673;
export const RABBIT_TLS_PORT = 15671;

/** Runs rabbitmqctl for the node that was started in the directory. */
export async function rabbitmqctl(args: readonly string[], directory = `${servicesDir}/rabbit`): Promise<string> {
  const script = `. "$0/env" && exec /usr/lib/rabbitmq/bin/rabbitmqctl --quiet "$@"`;
  const { stdout } = await run('bash', ['-c', script, directory, ...args], { maxBuffer: 1 << 20 });
  return stdout;
}

/** A virtual host of one test file's own, and a channel on it. */
export interface Rabbit {
  readonly vhost: string;
  readonly url: string;
  readonly channel: Channel;
  /** Takes one message; fails the test where there is none. */
  take(queue: string): Promise<GetMessage>;
  takeAll(queue: string): Promise<readonly GetMessage[]>;
  /** Other channels are needed where the test's own would be closed. */
  openChannel(): Promise<Channel>;
  remove(): Promise<void>;
}

export async function openRabbit(): Promise<Rabbit> {
  const vhost = `amqp-sink-${randomUUID()}`;
  await rabbitmqctl(['add_vhost', vhost]);
  await rabbitmqctl(['set_permissions', '-p', vhost, 'guest', '.*', '.*', '.*']);
  const url = `amqp://guest:guest@127.0.0.1:${RABBIT_PORT}/${vhost}`;
  const model = await connect(url);
  const openChannel = async () => {
    const channel = await model.createChannel();
    // Tests that break a channel see it from what they called.
    channel.on('error', () => undefined);
    return channel;
  };
  const channel = await openChannel();
  const get = (queue: string) => channel.get(queue, { noAck: true });
  return {
    vhost,
    url,
    channel,
    openChannel,
    async take(queue) {
      const message = await get(queue);
      if (!message) throw new Error(`nothing is in ${queue}`);
      return message;
    },
    async takeAll(queue) {
      const messages: GetMessage[] = [];
      for (let message = await get(queue); message; message = await get(queue)) messages.push(message);
      return messages;
    },
    async remove() {
      await model.close();
      await rabbitmqctl(['delete_vhost', vhost]);
    },
  };
}

/** A sink with these settings and what it reported. */
export function aSink(settings: object): { sink: Sink } & ReturnType<typeof aContext> {
  const surroundings = aContext();
  return { sink: amqp.create(amqpConfig.parse({ type: 'amqp', ...settings }), surroundings.context), ...surroundings };
}

export const never = new AbortController().signal;

/** So many samples with message ids that tell them apart. */
export const samples = (count: number): readonly Sample[] =>
  Array.from({ length: count }, (_, index) => aSample({ messageId: `id-${index}`, volume: index }));

interface Received {
  readonly uniqueId: string;
  readonly samples: readonly Readonly<Record<string, unknown>>[];
}

/** What a body holds, as a foreign JSON parser reads it. */
export function received({ content }: { readonly content: Buffer }): Received {
  const notification = JSON.parse(JSON.parse(content.toString('utf8'))['oslo.message']);
  return { uniqueId: notification._unique_id, samples: notification.payload.samples ?? notification.payload };
}

/** The message ids of all samples in these messages, in order. */
export const idsIn = (messages: readonly { readonly content: Buffer }[]): readonly unknown[] =>
  messages.flatMap((message) => received(message).samples.map(({ message_id }) => message_id)).sort();
