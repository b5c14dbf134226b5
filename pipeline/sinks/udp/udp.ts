import { z } from 'zod';
import type { Sample } from '../../model/sample.ts';
import type { Clock } from '../../runtime/clock.ts';
import { size } from '../../runtime/config/units.ts';
import { orAborted } from '../../runtime/deadline.ts';
import { leavingOut } from '../dead-samples.ts';
import type { MessageOptions } from '../meter-message.ts';
import { hasOneSecret, ONE_SECRET, readSecret, secretFields } from '../secret.ts';
import { type Sink, type SinkContext, SinkError, type SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { TIMESTAMP_STYLES } from '../timestamp.ts';
import { screen } from '../validate.ts';
import { type Lookup, systemLookup } from './address.ts';
import { createMessageDatagrams, type Datagram, type Datagrams, MAX_DATAGRAM_BYTES } from './datagram.ts';
import { createPacer, FRAME_BYTES, type Pacer } from './pacer.ts';
import { createPackedDatagrams } from './packed.ts';
import { createReceiver } from './receiver.ts';
import type { Refused } from './socket.ts';

/** How many samples a datagram has. */
const PACKINGS = ['none', 'packed'] as const;
const LEAST_BYTES = 512;
/** Of 1432 bytes or fewer: a receiver with a default buffer may pause for some 20 ms before one is lost. */
const PACE = 4000;

export const udpConfig = z
  .strictObject({
    type: z.literal('udp'),
    ...subscriptionFields,
    host: z.string().min(1).describe('Receiver: an address or a name, looked up again every minute'),
    port: z.number().int().min(1).max(65535).default(4952).describe("Its port; Ceilometer's is 4952"),
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
    packing: z
      .enum(PACKINGS)
      .default('none')
      .describe('none: one sample a datagram, as Ceilometer; packed: many, for `hypermeter listen udp` and its like'),
    maxBytes: z
      .union([z.int().min(LEAST_BYTES).max(MAX_DATAGRAM_BYTES), size({ atLeast: '512B', atMost: '65507B' })])
      .default(FRAME_BYTES)
      .describe(
        'Packed datagrams grow to so many bytes: 1432 fit an Ethernet frame, 8KiB suit loopback and jumbo frames',
      ),
    pace: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe(
        'At most so many datagrams a second; default 4000, fewer if larger than 1432 bytes. More needs a receiver with a larger buffer (net.core.rmem_max)',
      ),
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
  const leaveOut = leavingOut(name, context);
  const pacer = pacerOf(config, clock);
  const receiver = createReceiver({
    sink: name,
    host: config.host,
    port: config.port,
    sendBufferBytes: config.sendBuffer,
    clock,
    lookup,
    trouble: (error) => report({ event: 'publish.failed', sink: name, error, retryMs: 0 }),
  });
  let datagrams: Datagrams | undefined;
  const encoding = async () => {
    datagrams ??= await datagramsOf(name, config, context);
    return datagrams;
  };

  const dropOversize = (samples: readonly Sample[]) => leaveOut('oversize', samples);

  async function sendBurst(burst: readonly Datagram[], signal: AbortSignal): Promise<void> {
    const [fits, long] = parted(burst, ({ bytes }) => bytes.length <= MAX_DATAGRAM_BYTES);
    await dropOversize(long.flatMap(({ samples }) => samples));
    await pacer.take(fits.length, signal);
    const outlet = await orAborted(receiver.outlet(), signal);
    const refused = await outlet.send(fits.map(({ bytes }) => bytes));
    const tooLong = new Set(refused.filter(isTooLong).map(({ datagram }) => datagram));
    await sendShorter(
      fits.filter(({ bytes }) => tooLong.has(bytes)),
      signal,
    );
    const [failure] = refused.filter((each) => !isTooLong(each));
    if (!failure) return;
    await receiver.close();
    throw new SinkError(name, `the network refused a datagram: check the way to ${outlet.to.address}`, failure.error);
  }

  /** What was too long together may go one by one. */
  async function sendShorter(tooLong: readonly Datagram[], signal: AbortSignal): Promise<void> {
    const [single, packed] = parted(tooLong, ({ samples }) => samples.length === 1);
    await dropOversize(single.flatMap(({ samples }) => samples));
    const make = await encoding();
    for (const { samples } of packed) for (const sample of samples) await sendBurst([...make([sample])], signal);
  }

  return {
    name,
    async open(signal) {
      await encoding();
      await orAborted(receiver.outlet(), signal);
    },
    async publish(batch, signal) {
      const good = await screen(batch, leaveOut);
      const make = await encoding();
      let burst: Datagram[] = [];
      for (const datagram of make(good)) {
        burst.push(datagram);
        if (burst.length < pacer.burst) continue;
        signal.throwIfAborted();
        await sendBurst(burst, signal);
        burst = [];
      }
      signal.throwIfAborted();
      if (burst.length > 0) await sendBurst(burst, signal);
    },
    close: () => receiver.close(),
  };
}

/** The kernel's own limit is lower than ours where the way allows no fragments. */
const isTooLong = ({ error }: Refused): boolean => error.code === 'EMSGSIZE';

function pacerOf({ packing, pace, maxBytes }: UdpConfig, clock: Clock): Pacer {
  if (packing === 'none') return createPacer(pace ?? PACE, clock);
  return createPacer(pace ?? Math.ceil(PACE / Math.max(1, maxBytes / FRAME_BYTES)), clock, maxBytes);
}

function parted<Each>(all: readonly Each[], isFirst: (each: Each) => boolean): readonly [Each[], Each[]] {
  const first: Each[] = [];
  const second: Each[] = [];
  for (const each of all) (isFirst(each) ? first : second).push(each);
  return [first, second];
}

async function datagramsOf(name: string, config: UdpConfig, context: SinkContext): Promise<Datagrams> {
  const { source, timestamps, annotate, packing, maxBytes } = config;
  const secret = await readSecret(name, config);
  const publisherId = config.publisherId ? context.publisherId : null;
  const message: MessageOptions = { source, timestamps, annotate, secret, publisherId };
  if (packing === 'none') return createMessageDatagrams(message);
  return createPackedDatagrams({ message, maxBytes, sender: randomSender(context) });
}

/** Tells one process from another, and one sink from the next. */
const randomSender = ({ clock }: SinkContext): bigint =>
  (BigInt(Math.floor(clock.random() * 2 ** 32)) << 32n) | BigInt(Math.floor(clock.random() * 2 ** 32));
