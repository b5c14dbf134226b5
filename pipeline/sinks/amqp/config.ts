import { z } from 'zod';
import { duration } from '../../runtime/config/units.ts';
import { AUDIT_PERIOD, hasAuditPeriod, osloFields } from '../oslo/config.ts';
import { hasOneSecret, ONE_SECRET } from '../secret.ts';
import { subscriptionFields } from '../subscription.ts';
import { serversOf, UrlError } from './url.ts';

const QUEUE_TYPES = ['classic', 'quorum'] as const;
const DECLARE = ['create', 'check'] as const;

const transportUrl = z.string().superRefine((url, context) => {
  try {
    serversOf(url);
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const tls = z.strictObject({
  caFile: z.string().min(1).optional().describe('PEM file of the CA that signed the brokers'),
  certFile: z.string().min(1).optional().describe('PEM file of the client certificate'),
  keyFile: z.string().min(1).optional().describe('PEM file of its key'),
  serverName: z.string().min(1).optional().describe("The name in the brokers' certificates, where it is not the host"),
  verify: z.boolean().default(true).describe("Check the brokers' certificates and host names"),
});
export type TlsConfig = z.output<typeof tls>;

/** AMQP short strings. */
const name = (what: string) =>
  z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= 255, { error: 'must be 255 bytes at most' })
    .describe(what);

/** One entry of `sinks:` with `type: amqp`. */
export const amqpConfig = z
  .strictObject({
    type: z.literal('amqp'),
    ...subscriptionFields,
    url: z
      .union([transportUrl, z.array(transportUrl).min(1)])
      .describe(
        'Brokers, tried in turn: amqp://user@h1:5672,h2:5672/vhost, also amqps:// and rabbit:// as in transport_url; or a list of such',
      ),
    username: z.string().min(1).optional().describe('User at every broker, in place of the one in the URL'),
    password: z.string().optional().meta({ secret: true }).describe('Its password, in place of the one in the URL'),
    ...osloFields,
    exchange: name("Topic exchange: Ceilometer's control_exchange").default('ceilometer'),
    durable: z
      .boolean()
      .default(false)
      .describe(
        "Exchange and queue outlive the broker, as with oslo's amqp_durable_queues; all who declare them must agree",
      ),
    declare: z
      .enum(DECLARE)
      .default('create')
      .describe('create: exchange, queue and binding where they are not there; check: only that they are'),
    queue: z
      .strictObject({
        type: z.enum(QUEUE_TYPES).default('classic').describe("quorum as with oslo's rabbit_quorum_queue"),
        declare: z
          .boolean()
          .default(true)
          .describe(
            'A queue named as the routing key, so that nothing is lost before a consumer comes; false: leave queues alone',
          ),
      })
      .prefault({})
      .describe('The queue that keeps the messages.'),
    persistent: z.boolean().default(true).describe('Messages that a durable queue keeps over a restart of the broker'),
    inFlight: z.int().min(1).max(10_000).default(64).describe('Messages that may wait for their confirmation'),
    confirmTimeout: duration({ atLeast: '100ms', atMost: '10m', example: '30s' })
      .prefault('30s')
      .describe('Time that the broker has to confirm a message'),
    connectTimeout: duration({ atLeast: '100ms', atMost: '5m', example: '10s' })
      .prefault('10s')
      .describe('Time for connecting to one broker, logging in and declaring'),
    heartbeat: duration({ atLeast: '1s', atMost: '1h', example: '60s' })
      .prefault('60s')
      .describe('Heartbeats, whole seconds; a broker that is silent for about twice as long is left'),
    tls: z
      .union([z.boolean(), tls])
      .default(false)
      .describe('TLS, also without amqps:// in the URL; details of the certificates'),
  })
  .refine(hasOneSecret, ONE_SECRET)
  .refine(hasAuditPeriod, AUDIT_PERIOD)
  .superRefine((config, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (config.queue.type === 'quorum' && !config.durable)
      fault(['durable'], 'quorum queues are durable, and so is the exchange with them: set durable: true');
    if (config.heartbeat % 1_000_000 !== 0) fault(['heartbeat'], 'must be whole seconds');
    const { tls: words } = config;
    if (typeof words === 'object' && (words.certFile === undefined) !== (words.keyFile === undefined))
      fault(['tls'], 'certFile and keyFile belong together');
  });
export type AmqpConfig = z.output<typeof amqpConfig>;
