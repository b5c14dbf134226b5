import { z } from 'zod';
import { size } from '../../runtime/config/units.ts';
import { secretFields } from '../secret.ts';
import { TIMESTAMP_STYLES } from '../timestamp.ts';
import { FORMATS, OSLO_FORMATS } from './formats.ts';

/** The settings of every sink that sends oslo.messaging's notifications, whatever carries them. */
export const osloFields = {
  ...secretFields,
  format: z
    .enum(OSLO_FORMATS)
    .default('polling')
    .describe(
      "polling: what Ceilometer's notification agents read from its polling agents; metering: what its notifier:// publisher sends; exists: nova's audits of instances, one for each window of the size in `windows`, with measured bandwidth",
    ),
  topic: z
    .string()
    .regex(/^[\w.-]{1,200}$/, { error: 'must be 1 to 200 letters, digits, dots, dashes or underscores' })
    .optional()
    .describe(
      `Topic as oslo.messaging has it, without its priority; default ${FORMATS.polling.topic} for polling, ${FORMATS.metering.topic} for metering`,
    ),
  source: z.string().min(1).max(200).default('openstack').describe('What the samples name as their source'),
  publisherId: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'publisher_id of the notifications; default ceilometer.polling, for metering telemetry.publisher.<service.id>',
    ),
  timestamps: z
    .enum(TIMESTAMP_STYLES)
    .default('naive')
    .describe('naive: without a zone, as a Ceilometer polling agent; zoned: with +00:00'),
  annotate: z.boolean().default(false).describe('Add window, coverage, quality and flags to resource_metadata'),
  batch: z
    .strictObject({
      samples: z.int().min(1).max(100_000).default(1000).describe('Samples of a message at most'),
      bytes: size({ atLeast: '16KiB', atMost: '15MiB', example: '512KiB' })
        .prefault('512KiB')
        .describe('Size of a message at most; a sample that is longer by itself is left out as oversize'),
    })
    .prefault({})
    .describe('How much goes into one message: as many meters of as few hosts as it holds.'),
};

export type OsloConfig = z.output<z.ZodObject<typeof osloFields>>;

/** An audit has one period. */
export const hasAuditPeriod = ({
  format,
  windows,
}: Pick<OsloConfig, 'format'> & { readonly windows?: readonly number[] | undefined }): boolean =>
  format !== 'exists' || windows?.length === 1;
/** What `hasAuditPeriod` is told as, where a configuration fails it. */
export const AUDIT_PERIOD = {
  error: 'format exists needs the audit period here: one of the sizes of pipeline.windows, such as [1h]',
  path: ['windows'],
};
