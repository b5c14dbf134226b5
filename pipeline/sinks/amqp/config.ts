import { z } from 'zod';
import { brokerFields, connectionFaults, connectionFields, shortString } from '../../amqp/settings.ts';
import { duration } from '../../runtime/config/units.ts';
import { AUDIT_PERIOD, hasAuditPeriod, osloFields } from '../oslo/config.ts';
import { hasOneSecret, ONE_SECRET } from '../secret.ts';
import { subscriptionFields } from '../subscription.ts';

const QUEUE_TYPES = ['classic', 'quorum'] as const;
const DECLARE = ['create', 'check'] as const;

/** One entry of `sinks:` with `type: amqp`. */
export const amqpConfig = z
  .strictObject({
    type: z.literal('amqp'),
    ...subscriptionFields,
    ...brokerFields,
    ...osloFields,
    exchange: shortString("Topic exchange: Ceilometer's control_exchange").default('ceilometer'),
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
    ...connectionFields,
  })
  .refine(hasOneSecret, ONE_SECRET)
  .refine(hasAuditPeriod, AUDIT_PERIOD)
  .superRefine((config, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (config.queue.type === 'quorum' && !config.durable)
      fault(['durable'], 'quorum queues are durable, and so is the exchange with them: set durable: true');
    for (const { path, message } of connectionFaults(config)) fault(path, message);
  });
export type AmqpConfig = z.output<typeof amqpConfig>;
