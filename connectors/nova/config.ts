import { z } from 'zod';
import { brokerFields, connectionFaults, connectionFields, shortString } from '../../pipeline/amqp/settings.ts';
import { duration, size } from '../../pipeline/runtime/config/units.ts';
import { endpointName } from '../endpoint-name.ts';

const QUEUE_TYPES = ['classic', 'quorum'] as const;
/** Statistics of nova's own. */
const ROWS = ['bandwidth', 'volumes', 'hosts'] as const;
export type Rows = (typeof ROWS)[number];

/** `connectors: [{ type: nova, … }]` */
export const novaSchema = z
  .strictObject({
    name: endpointName,
    type: z.literal('nova'),
    ...brokerFields,
    exchange: shortString("Nova's exchange, [DEFAULT] control_exchange there; never declared").default('nova'),
    topics: z
      .array(shortString('A topic'))
      .min(1)
      .default(['notifications', 'versioned_notifications'])
      .describe('Topics of its notifications, legacy and versioned; of each the keys .info and .error are bound'),
    queue: shortString('A queue of our own; default hypermeter.nova.NAME. Never one that others read').optional(),
    queueType: z
      .enum(QUEUE_TYPES)
      .default('classic')
      .describe('quorum: it survives the loss of a broker of the cluster'),
    queueSize: size({ atLeast: '1MiB', example: '256MiB' })
      .prefault('256MiB')
      .describe('What it holds while nobody takes from it; beyond that the oldest go to the queue of dead letters'),
    queueExpires: duration({ atLeast: '1m', atMost: '30d', example: '7d' })
      .prefault('7d')
      .describe('It goes away when nobody has taken from it for so long'),
    cells: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Only these cells, where notifications name one: those of cells v1 do, the versioned ones never'),
    rows: z
      .array(z.enum(ROWS))
      .default([])
      .describe("Which of nova's own statistics become readings; none where a hypervisor connector meters the VMs"),
    prefetch: z.int().min(1).max(65_535).default(500).describe('Notifications on their way to Kafka at one time'),
    ...connectionFields,
  })
  .superRefine((config, context) => {
    for (const { path, message } of connectionFaults(config)) context.addIssue({ code: 'custom', path, message });
    const shared = config.topics.flatMap((topic) => PRIORITIES.map((priority) => `${topic}.${priority}`));
    if (config.queue !== undefined && shared.includes(config.queue))
      context.addIssue({
        code: 'custom',
        path: ['queue'],
        message: `is the queue that others read (Ceilometer, for one), and each message goes to one reader: choose another name`,
      });
  });
export type NovaConfig = z.output<typeof novaSchema>;

/** The priorities at which nova notifies of what is of interest here. */
const PRIORITIES = ['info', 'error'] as const;

/** The keys that the queue is bound with. */
export const keysOf = ({ topics }: Pick<NovaConfig, 'topics'>): readonly string[] =>
  topics.flatMap((topic) => PRIORITIES.map((priority) => `${topic}.${priority}`));

export const queueOf = ({ name, queue }: Pick<NovaConfig, 'name' | 'queue'>): string =>
  queue ?? `hypermeter.nova.${name}`;
