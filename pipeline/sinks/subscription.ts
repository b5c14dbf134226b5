import { z } from 'zod';
import { duration } from '../runtime/config/units.ts';
import { transformerConfig } from './transformers.ts';

/** How a unit of 2^20 bytes is written: as Ceilometer has it since release 26, or before (the values are the same). */
const UNIT_STYLES = ['MiB', 'MB'] as const;
export type UnitStyle = (typeof UNIT_STYLES)[number];

/** What becomes of samples that a destination is too slow for. */
export const OUTBOX_POLICIES = ['block', 'drop-oldest'] as const;

/** The part of a sink's configuration that says what it gets and how long it may lag; every kind of sink has it. */
export const subscriptionFields = {
  name: z.string().min(1).optional().describe('Name in metrics and messages; default made of the destination'),
  meters: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Meters that it gets, of those that are emitted; the same grammar. Without it all of them'),
  windows: z
    .array(duration({ atLeast: '1s', atMost: '1d', example: '60s' }))
    .min(1)
    .optional()
    .describe('Sizes of the windows that it gets. Without it all of them'),
  units: z
    .enum(UNIT_STYLES)
    .default('MiB')
    .describe('MiB as Ceilometer since release 26, MB as before; the same values'),
  transformers: z
    .array(transformerConfig)
    .max(16)
    .optional()
    .describe(
      "Ceilometer's transformers (releases up to 11) for what it gets, one after the other; docs/transformers.md",
    ),
  outbox: z
    .strictObject({
      samples: z.int().min(1).max(100_000_000).default(100_000).describe('Samples that may wait for the destination'),
      policy: z
        .enum(OUTBOX_POLICIES)
        .default('block')
        .describe('When so many wait: block holds everything back and loses nothing; drop-oldest counts what it drops'),
    })
    .prefault({})
    .describe('What waits while the destination is away or slow; the other sinks go on meanwhile.'),
};

export type Subscription = z.output<z.ZodObject<typeof subscriptionFields>>;
