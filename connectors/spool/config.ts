import { z } from 'zod';
import { duration, size } from '../../pipeline/runtime/config/units.ts';

/** `collector.spool:` of a configuration. Without a directory there is none. */
export const spoolConfig = z.strictObject({
  directory: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A directory of this collector alone, on a local disk (Kubernetes: an emptyDir, or a volume of its own to outlive ' +
        'the pod), for what Kafka does not take. Without it that is kept in memory, up to 64 MiB.',
    )
    .meta({ what: 'a path' }),
  maxBytes: size({ atLeast: '8MiB', example: '1GiB' })
    .prefault('1GiB')
    .describe('Room for the files; when it is used up, the oldest is dropped, and counted.'),
  after: duration({ atLeast: '100ms', atMost: '1h' })
    .prefault('5s')
    .describe('What Kafka has not acknowledged for so long goes to the files.'),
  memory: size({ atLeast: '64kB', atMost: '64MiB' })
    .prefault('16MiB')
    .describe('So much that is not acknowledged goes to the files at once.'),
});

export type SpoolConfig = z.output<typeof spoolConfig>;
