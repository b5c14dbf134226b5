import { z } from 'zod';
import { duration } from '../runtime/config/units.ts';
import { redisConfig } from './redis/config.ts';

const memoryConfig = z.strictObject({
  type: z.literal('memory'),
  rewind: duration({ atLeast: '1m', example: '24h' })
    .prefault('24h')
    .describe('How far before the last delivered message the raw topic is read again after a restart.'),
});

/** The `state:` section: where the state of series is kept. */
export const stateConfig = z
  .discriminatedUnion('type', [memoryConfig, redisConfig])
  .describe('Where the state of series is kept: in this process (`memory`), or in Redis, shared by all pipelines.');
export type StateConfig = z.output<typeof stateConfig>;
