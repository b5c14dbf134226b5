import { z } from 'zod';
import type { Sample } from '../../model/sample.ts';
import { orAborted } from '../../runtime/deadline.ts';
import { leaveOut } from '../dead-samples.ts';
import type { MessageOptions } from '../meter-message.ts';
import { hasOneSecret, ONE_SECRET, readSecret, secretFields } from '../secret.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { TIMESTAMP_STYLES } from '../timestamp.ts';
import { screen } from '../validate.ts';
import { type Lookup, systemLookup } from './address.ts';
import { encodeDatagram, MAX_DATAGRAM_BYTES } from './datagram.ts';
import { createPacer } from './pacer.ts';
import { createReceiver } from './receiver.ts';
import type { Refused } from './socket.ts';

export const udpConfig = z
  .strictObject({
    type: z.literal('udp'),
    ...subscriptionFields,
    host: z.string().min(1).describe('Receiver: an address or a name, looked up again every minute'),
    port: z.number().int().min(1).max(65535).default(4952),
    ...secretFields,
    source: z.string().min(1).default('openstack').describe('What the samples name as their source'),
    publisherId: z
      .boolean()
      .default(true)
      .describe('Send service.id as publisher_id, as sg-core demands; false: exactly the keys of Ceilometer'),
    timestamps: z
      .enum(TIMESTAMP_STYLES)
      .default('zoned')
      .describe('zoned: with +00:00; naive: without, as a Ceilometer polling agent'),
    annotate: z.boolean().default(false).describe('Add window, coverage, quality and flags to resource_metadata'),
    pace: z.number().int().min(1).max(1_000_000).default(20_000).describe('At most so many datagrams a second'),
    sendBuffer: z
      .number()
      .int()
      .min(4096)
      .max(1_073_741_824)
      .default(4_194_304)
      .describe('Send buffer of the socket in bytes, as far as the kernel grants it'),
  })
  .refine(hasOneSecret, ONE_SECRET);
export type UdpConfig = z.infer<typeof udpConfig>;

/** Ceilometer's UDP publisher: one signed sample a datagram, at most once. */
export const udp = {
  kind: 'udp',
  schema: udpConfig,
  create: (config, context) => createUdpSink(config, context, systemLookup),
} satisfies SinkKind<UdpConfig>;

/** The sink, with the name look-up to use. */
export function createUdpSink(config: UdpConfig, context: SinkContext, lookup: Lookup): Sink {
  const { clock, report } = context;
  const name = config.name ?? `udp://${config.host}:${config.port}`;
  const pacer = createPacer(config.pace, clock);
  const receiver = createReceiver({
    sink: name,
    host: config.host,
    port: config.port,
    sendBufferBytes: config.sendBuffer,
    clock,
    lookup,
    trouble: (error) => report({ event: 'publish.failed', sink: name, error, retryMs: 0 }),
  });
  let options: MessageOptions | undefined;
  const messageOptions = async () => {
    options ??= await optionsOf(name, config, context);
    return options;
  };

  const dropOversize = (samples: readonly Sample[]) => leaveOut(context, { sink: name, reason: 'oversize', samples });

  async function sendBurst(samples: readonly Sample[], signal: AbortSignal): Promise<void> {
    const encoding = await messageOptions();
    const encoded = samples.map((sample) => ({ sample, datagram: encodeDatagram(sample, encoding) }));
    const fits = encoded.filter(({ datagram }) => datagram.length <= MAX_DATAGRAM_BYTES);
    await dropOversize(encoded.filter((each) => !fits.includes(each)).map(({ sample }) => sample));
    const fitting = fits.map(({ datagram }) => datagram);
    await pacer.take(fitting.length, signal);
    const outlet = await orAborted(receiver.outlet(), signal);
    const refused = await outlet.send(fitting);
    const tooLong = new Set(refused.filter(isTooLong).map(({ datagram }) => datagram));
    await dropOversize(fits.filter(({ datagram }) => tooLong.has(datagram)).map(({ sample }) => sample));
    const [failure] = refused.filter((each) => !isTooLong(each));
    if (!failure) return;
    await receiver.close();
    throw new SinkError(name, `the network refused a datagram: check the way to ${outlet.to.address}`, failure.error);
  }

  return {
    name,
    async open(signal) {
      await messageOptions();
      await orAborted(receiver.outlet(), signal);
    },
    async publish(batch, signal) {
      const good = await screen(batch, name, context);
      for (let start = 0; start < good.length; start += pacer.burst) {
        signal.throwIfAborted();
        await sendBurst(good.slice(start, start + pacer.burst), signal);
      }
    },
    close: () => receiver.close(),
  };
}

/** The kernel's own limit is lower than ours where the way allows no fragments. */
const isTooLong = ({ error }: Refused): boolean => error.code === 'EMSGSIZE';

async function optionsOf(name: string, config: UdpConfig, context: SinkContext): Promise<MessageOptions> {
  const { source, timestamps, annotate } = config;
  const secret = await readSecret(name, config);
  return { source, timestamps, annotate, secret, publisherId: config.publisherId ? context.publisherId : null };
}
