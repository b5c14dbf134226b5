import { z } from 'zod';
import { duration } from '../../pipeline/runtime/config/units.ts';
import type { Shard } from './fixed.ts';

const MOST = 10_000;
const K_OF_N = /^\s*(\d{1,5})\s+of\s+(\d{1,5})\s*$/;
const NAME = /^[\w.-]{1,249}$/;
const SHARD = 'expected "k of n", k from 1 to n, such as "2 of 3"';

const text = z
  .string()
  .regex(K_OF_N, { error: SHARD })
  .transform((written, context): Shard => {
    const [, k, n] = K_OF_N.exec(written) ?? [];
    const [number, count] = [Number(k), Number(n)];
    if (number >= 1 && number <= count && count <= MOST) return { index: number - 1, count };
    context.addIssue({ code: 'custom', message: SHARD });
    return z.NEVER;
  });

const numbers = z
  .strictObject({
    index: z
      .int()
      .min(0)
      .max(MOST - 1)
      .describe('From 0, as the ordinals of a StatefulSet.'),
    count: z.int().min(1).max(MOST).describe('How many parts there are.'),
  })
  .superRefine(({ index, count }, context) => {
    if (index >= count) context.addIssue({ code: 'custom', path: ['index'], message: `must be less than ${count}` });
  });

/** `collector.shard`: a part of the fleet that is fixed, without asking the other collectors. */
export const shardConfig = z
  .union([text, numbers])
  .describe(
    'Poll only one part of n, as "2 of 3" (from 1) or { index, count } (from 0); every part needs its collector.',
  );

const name = (what: string) => z.string().regex(NAME, { error: `${what}: 1 to 249 letters, digits and . _ -` });

/** `collector.group`: collectors share the fleet through a consumer group on a topic of its own. */
export const groupConfig = z
  .strictObject({
    topic: name('a topic')
      .default('hypermeter.collectors')
      .describe('Whose partitions are dealt to the collectors; it is created with them.'),
    name: name('a group').default('hypermeter.collectors').describe('Consumer group of the collectors.'),
    partitions: z
      .int()
      .min(1)
      .max(MOST)
      .default(64)
      .describe('Of the topic where it has to be created: several for each collector that there may ever be.'),
    sessionTimeout: duration({ atLeast: '1s', atMost: '30m' })
      .prefault('10s')
      .describe(
        'After so long without a sign of life a collector’s endpoints go to others; brokers allow 6 s and more.',
      ),
    instance: name('a member')
      .optional()
      .describe(
        'Name of this collector in its group that stays the same over restarts (static membership), such as a ' +
          'StatefulSet’s host name: a restart within the session timeout moves nothing.',
      ),
  })
  .describe('Share the fleet with the other collectors of this group: each endpoint is polled by one of them.');
export type GroupConfig = z.output<typeof groupConfig>;
