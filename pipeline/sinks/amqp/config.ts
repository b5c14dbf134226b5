import { z } from 'zod';
import { duration, size } from '../../runtime/config/units.ts';
import { hasOneSecret, ONE_SECRET, secretFields } from '../secret.ts';
import { subscriptionFields } from '../subscription.ts';
import { TIMESTAMP_STYLES } from '../timestamp.ts';
import { AddressError, parseAddress } from './address.ts';

/** What Ceilometer's polling agent sends to its notification agent, or what its `notifier://` publisher sends on. */
export const FORMATS = ['polling', 'metering'] as const;
export type Format = (typeof FORMATS)[number];

const QUEUE_TYPES = ['classic', 'quorum'] as const;

/** AMQP's short strings, in bytes, less `.sample`. */
const nameText = z.string().min(1).max(200);

const tls = z.strictObject({
  caFile: z.string().min(1).optional().describe('PEM file of the CA that signed the servers'),
  certFile: z.string().min(1).optional().describe('PEM file of the client certificate'),
  keyFile: z.string().min(1).optional().describe('PEM file of the client key'),
  servername: z.string().min(1).optional().describe("The name in the servers' certificates, where it is not the host"),
  verify: z.boolean().default(true).describe("Check the servers' certificates and host names"),
});

export const amqpConfig = z
  .strictObject({
    type: z.literal('amqp'),
    ...subscriptionFields,
    url: z
      .string()
      .superRefine(checkAddress)
      .describe('RabbitMQ as a transport_url has it: amqp://user:password@host1:5672,host2:5672/vhost, or amqps'),
    password: z.string().min(1).optional().meta({ secret: true }).describe('Password, instead of the one in `url`'),
    tls: z
      .union([z.boolean(), tls])
      .optional()
      .describe('Encrypt, or details of the certificates; amqps encrypts without it'),
    format: z
      .enum(FORMATS)
      .default('polling')
      .describe('polling: for a Ceilometer notification agent; metering: as its notifier publisher'),
    exchange: nameText.default('ceilometer').describe('Topic exchange'),
    topic: nameText
      .optional()
      .describe('Routing key and queue are `<topic>.sample`; default notifications for polling, metering for metering'),
    declare: z
      .union([z.boolean(), z.literal('passive')])
      .default(true)
      .describe('true: create what is missing; passive: fail unless it is there; false: leave it to others'),
    durable: z
      .boolean()
      .default(false)
      .describe("Whether exchange and queue outlive the broker's restart; must be as Ceilometer has them"),
    queueType: z.enum(QUEUE_TYPES).default('classic').describe('Of the queue that is created; quorum needs durable'),
    persistent: z.boolean().default(true).describe('Write messages to disk (delivery_mode 2), if the queue is durable'),
    maxSamples: z.int().min(1).max(10_000).default(200).describe('Samples of one host in one message at most'),
    maxBytes: size({ atLeast: '4KiB', atMost: '64MiB', example: '256KiB' })
      .prefault('256KiB')
      .describe('Bytes of a message at most; a sample that is larger by itself is left out'),
    inFlight: z.int().min(1).max(10_000).default(64).describe('Messages that may wait for their confirmation'),
    ...secretFields,
    source: z.string().min(1).default('openstack').describe('What the samples name as their source'),
    timestamps: z
      .enum(TIMESTAMP_STYLES)
      .default('zoned')
      .describe('zoned: with +00:00; naive: without, as a Ceilometer polling agent'),
    annotate: z.boolean().default(false).describe('Add window, coverage, quality and flags to resource_metadata'),
    heartbeat: duration({ atLeast: '1s', atMost: '1h', example: '30s' })
      .prefault('30s')
      .describe('A connection on which nothing comes for two to three of these is left'),
    timeout: duration({ atLeast: '100ms', atMost: '10m', example: '30s' })
      .prefault('30s')
      .describe('To connect to one host, and for a message to be confirmed; then the batch is offered again'),
  })
  .refine(hasOneSecret, ONE_SECRET)
  .refine(({ queueType, durable, declare }) => queueType === 'classic' || durable || declare !== true, {
    error: 'a quorum queue is durable: set durable: true',
    path: ['durable'],
  })
  .refine(({ url, tls: words }) => !(words === false && url.startsWith('amqps:')), {
    error: 'amqps is encrypted: write amqp in url, or leave tls out',
    path: ['tls'],
  })
  .refine(
    ({ tls: words }) => typeof words !== 'object' || (words.certFile === undefined) === (words.keyFile === undefined),
    {
      error: 'certFile and keyFile belong together',
      path: ['tls'],
    },
  );
export type AmqpConfig = z.output<typeof amqpConfig>;

/** Routing key, and name of the queue: oslo.messaging appends the priority. */
export const queueOf = ({ topic, format }: Pick<AmqpConfig, 'topic' | 'format'>): string =>
  `${topic ?? (format === 'polling' ? 'notifications' : 'metering')}.sample`;

function checkAddress(text: string, context: z.RefinementCtx): void {
  try {
    parseAddress(text);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
}
