import { z } from 'zod';
import { size } from '../../runtime/config/units.ts';
import { secretFields } from '../secret.ts';
import { subscriptionFields } from '../subscription.ts';
import { TIMESTAMP_STYLES } from '../timestamp.ts';
import { FORMATS } from './notifications.ts';

/** The settings of every sink that sends oslo notifications. */
export const notificationFields = {
  ...subscriptionFields,
  ...secretFields,
  format: z
    .enum(FORMATS)
    .default('polling')
    .describe(
      'polling: as the polling agent sends, for the notification agent; metering: as the notifier:// publisher',
    ),
  topic: z
    .string()
    .regex(/^[\w.-]{1,200}$/, { error: 'must be 1 to 200 letters, digits, dots, dashes or underscores' })
    .optional()
    .describe('Topic, without .sample; default notifications for polling, metering for metering'),
  source: z.string().min(1).default('openstack').describe('What the samples name as their source'),
  publisherId: z.boolean().default(false).describe('Send service.id as publisher_id of every sample, signed'),
  timestamps: z
    .enum(TIMESTAMP_STYLES)
    .default('zoned')
    .describe('zoned: with +00:00; naive: without, as a Ceilometer polling agent'),
  annotate: z.boolean().default(false).describe('Add window, coverage, quality and flags to resource_metadata'),
  maxSamples: z.int().min(1).max(10_000).default(200).describe('Most samples of one message'),
  maxBytes: size({ atLeast: '4KiB', atMost: '8MiB', example: '256KiB' })
    .prefault('256KiB')
    .describe('Most bytes of one message that holds several samples'),
};
