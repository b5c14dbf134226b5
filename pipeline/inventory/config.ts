import { z } from 'zod';
import { duration } from '../runtime/config/units.ts';

/** The `inventory:` section: a compacted topic of what is where. */
export const inventoryConfig = z
  .strictObject({
    topic: z
      .string()
      .regex(/^(?!\.{1,2}$)[\w.-]{1,249}$/, { error: 'must be 1 to 249 letters, digits, dots, dashes or underscores' })
      .optional()
      .describe('Compacted topic that pipelines keep, an entry for each instance and host; without it they keep none.')
      .meta({ example: 'hypermeter.inventory' }),
    group: z
      .string()
      .min(1)
      .optional()
      .describe('Consumer group of those that keep it. Without it that of the pipelines and .inventory.'),
    since: duration({ atLeast: '1m', atMost: '30d', example: '1h' })
      .prefault('1h')
      .describe('How far back the raw topic is read at the first start; later ones go on where the last stopped.'),
    retention: duration({ atLeast: '1m', example: '24h' })
      .prefault('24h')
      .describe('How long what is deleted or gone stays in it.'),
    refresh: duration({ atLeast: '1m', example: '1h' })
      .prefault('1h')
      .describe('How often an entry is written that did not change, for the times in it.'),
  })
  .describe('An inventory of all instances and hosts, kept as a compacted topic for others (docs/inventory.md).');
export type InventoryConfig = z.output<typeof inventoryConfig>;
