import { z } from 'zod';
import { groupConfig, shardConfig } from '../../connectors/assignment/config.ts';
import type { EntryTemplate } from '../../connectors/discovery/entry-template.ts';
import { spoolConfig } from '../../connectors/spool/config.ts';
import { inventoryConfig } from '../inventory/config.ts';
import { CEILOMETERS } from '../model/user-metadata.ts';
import { listenAddress } from '../runtime/config/address.ts';
import { duration } from '../runtime/config/units.ts';
import { LOG_FORMATS, LOG_LEVELS } from '../runtime/log.ts';
import { stateConfig } from '../state/config.ts';
import { tracingConfig } from '../tracing/config.ts';

/** The schemas that a configuration is put together from: one for an entry of each list, one for `kafka:`. */
export interface ConfigPieces<
  Connector extends z.ZodType<ConnectorEntry>,
  Sink extends z.ZodType<SinkEntry>,
  Kafka extends z.ZodType,
  Discovery extends z.ZodType<DiscoveryEntry>,
> {
  readonly connector: Connector;
  readonly discovery: Discovery;
  readonly sink: Sink;
  readonly kafka: Kafka;
}

interface ConnectorEntry {
  readonly type: string;
  readonly name: string;
  readonly interval?: number | undefined;
}

interface DiscoveryEntry {
  readonly type: string;
  readonly name?: string | undefined;
  readonly entry?: EntryTemplate | readonly EntryTemplate[] | undefined;
}

interface SinkEntry {
  readonly type: string;
  readonly name?: string | undefined;
  readonly meters?: readonly string[] | undefined;
  readonly windows?: readonly number[] | undefined;
}

/** A kind's schema with the words that every entry has. */
function withCadence<Entry>(schema: z.ZodType<Entry>): z.ZodType<Entry & { readonly interval?: number | undefined }> {
  // The seam asks for a strict object.
  if (!(schema instanceof z.ZodObject)) throw new TypeError('the schema of a kind must be an object');
  return schema.safeExtend(cadenceWords) as unknown as z.ZodType<Entry & { readonly interval?: number | undefined }>;
}

/** The kinds, each with the schema that an entry has to pass, be it written or made of a template. */
export const entryKinds = <Kind extends { readonly schema: z.ZodType }>(kinds: readonly Kind[]) =>
  kinds.map((kind) => ({ ...kind, schema: withCadence(kind.schema as z.ZodType<z.output<Kind['schema']>>) }));

/** An entry of a list whose kind is named by `type`; each schema is a strict object with a literal `type`. */
export function oneOfTypes<Schema extends z.ZodType>(schemas: readonly Schema[]): z.ZodType<z.output<Schema>> {
  // A kind's schema is typed by its output only; that it can be told by `type` is the word of its seam.
  const [first, ...rest] = schemas as unknown as readonly z.core.$ZodTypeDiscriminable[];
  if (first === undefined) throw new RangeError('there must be one kind at least');
  return z.discriminatedUnion('type', [first, ...rest]) as unknown as z.ZodType<z.output<Schema>>;
}

const service = z.strictObject({
  id: z
    .string()
    .regex(/^[\w.@:-]{1,128}$/)
    .default('hypermeter')
    .describe('Name of this service towards receivers (publisher_id) and in Kafka.')
    .meta({ what: 'a name of letters, digits and . @ : _ -' }),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('The least that is logged.'),
  logFormat: z
    .enum(LOG_FORMATS)
    .default('auto')
    .describe('An event a line, as JSON or as text for people; auto: text on a terminal.'),
});

const collector = z
  .strictObject({
    interval: duration({ atLeast: '1s', atMost: '1h' }).prefault('10s').describe('Time between polls.'),
    linger: duration({ atMost: '10s' })
      .prefault('200ms')
      .describe('How long slices wait for others of their partition to share a message.'),
    timeout: duration({ atLeast: '100ms' })
      .optional()
      .describe('A poll that takes longer is given up. Without it the interval, at most 10 s.'),
    identityEvery: duration({ atLeast: '1s' })
      .prefault('60s')
      .describe('How often names and owners of instances travel, besides at first sight and on change.'),
    events: z
      .boolean()
      .default(true)
      .describe(
        'Poll a hypervisor at once when it, or nova, says that a VM started, stopped, is about to stop or changed; ' +
          'no closer to the poll before than a tenth of the interval, or a second.',
      ),
    concurrency: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe(
        'How many polls are under way at once, and how many attempts to connect; others wait. A vCenter is asked ' +
          'by so many calls at once as its own `concurrency` says.',
      ),
    spool: spoolConfig.prefault({}),
    shard: shardConfig.optional(),
    group: groupConfig.optional(),
  })
  .superRefine(({ shard, group }, context) => {
    if (shard === undefined || group === undefined) return;
    context.addIssue({ code: 'custom', path: ['shard'], message: 'shard and group exclude each other; remove one' });
  });

/** The word that every entry of `connectors:` has besides those of its kind. */
const cadenceWords = {
  interval: duration({ atLeast: '1s', atMost: '1h' })
    .optional()
    .describe('Time between its polls; without it `collector.interval`.'),
};

const windows = z
  .array(
    z.strictObject({
      size: duration({ atLeast: '1s', atMost: '1d', example: '60s' })
        .prefault('60s')
        .describe('Length of the windows, aligned to UTC.'),
      grace: z
        .union([z.literal('auto'), duration()])
        .prefault('auto')
        .describe('How long a silent series is waited for; auto: 3.5 intervals, at least 30 s.'),
    }),
  )
  .min(1)
  .prefault([{ size: '60s', grace: 'auto' }])
  .superRefine(
    uniqueBy('size', (entry) => entry?.size, 'several windows of one size'),
    { when: () => true },
  )
  .describe('Windows that meters are cut into; several sizes run side by side.');

const pipeline = z.strictObject({
  windows,
  reorder: duration({ atMost: '1h' }).prefault('10s').describe('How far readings may come out of order.'),
  mode: z
    .enum(['interpolate', 'anchored'])
    .default('interpolate')
    .describe('Split growth at the bounds of windows, or give it to the window of the later reading.'),
  gaps: z
    .enum(['spread', 'edge'])
    .default('spread')
    .describe('Growth over a gap goes to all windows it covers, or to the last.'),
  late: z
    .enum(['carry', 'revise'])
    .default('carry')
    .describe('What comes for a window already emitted goes into the next one, or emits that window again, revised.'),
  gauges: z
    .enum(['last', 'mean'])
    .default('last')
    .describe('What a gauge’s volume is: its last reading in the window, or the mean over time; JSON has both.'),
  userMetadata: z
    .strictObject({
      prefixes: z
        .array(z.string().min(1))
        .default([...CEILOMETERS.prefixes])
        .describe('Labels whose names begin so are carried, under the rest of the name.'),
      keys: z
        .array(z.string().min(1))
        .default([...CEILOMETERS.keys])
        .describe('Labels that are carried besides, by name.'),
      maxLength: z
        .int()
        .min(1)
        .max(65_536)
        .default(CEILOMETERS.maxLength)
        .describe('Longer values are cut to so many characters.'),
    })
    .prefault({})
    .describe("Which of an instance's own labels its samples carry as user_metadata."),
  maxSkew: duration().prefault('60s').describe('Readings further in the future than this are kept out.'),
  fillMax: z.int().min(1).max(1_000_000).default(1000).describe('Most windows that one gap is spread over.'),
});

/** The whole configuration. Durations become microseconds, sizes bytes. */
export const configSchema = <
  Connector extends z.ZodType<ConnectorEntry>,
  Sink extends z.ZodType<SinkEntry>,
  Kafka extends z.ZodType,
  Discovery extends z.ZodType<DiscoveryEntry>,
>(
  pieces: ConfigPieces<Connector, Sink, Kafka, Discovery>,
) =>
  z.strictObject({
    service: service.prefault({}),
    kafka: pieces.kafka.prefault({} as never),
    collector: collector.prefault({}),
    connectors: z
      .array(pieces.connector)
      .default([])
      .superRefine(
        uniqueBy('name', (entry) => entry?.name, 'several connectors of one name'),
        { when: () => true },
      )
      .describe('The hypervisors to poll.'),
    discovery: z
      .array(pieces.discovery)
      .superRefine(
        uniqueBy('name', (entry) => entry?.name ?? entry?.type, 'several sources of one name'),
        { when: () => true },
      )
      .prefault([])
      .describe('Where to look for further hypervisors while running: they come and go without a restart.'),
    pipeline: pipeline.prefault({}),
    meters: z
      .array(z.string().min(1))
      .min(1)
      .default(['*'])
      .describe("Meters to emit, in Ceilometer's grammar: wildcards, `!` excludes."),
    state: stateConfig.prefault({ type: 'memory' }),
    sinks: z
      .array(pieces.sink)
      .default([])
      .superRefine(
        uniqueBy('name', (entry) => entry?.name ?? entry?.type, 'several sinks of one name'),
        {
          when: () => true,
        },
      )
      .describe('Where finished meters go; each gets all of them.'),
    inventory: inventoryConfig.prefault({}),
    tracing: tracingConfig,
    ops: z
      .strictObject({
        listen: listenAddress()
          .prefault('127.0.0.1:9464')
          .describe('Address of health, readiness, metrics and the status page.'),
        page: z
          .boolean()
          .default(true)
          .describe(
            'Serve the status page at `/`. It shows the fleet, VMs with their names, and the configuration without its secrets.',
          ),
      })
      .prefault({}),
  });

/** What every configuration has, whatever connectors and sinks there are. */
export type Config = z.output<
  ReturnType<typeof configSchema<z.ZodType<ConnectorEntry>, z.ZodType<SinkEntry>, z.ZodType, z.ZodType<DiscoveryEntry>>>
>;

/**
 * A check that no two entries of a list have the same key. It also runs where an entry is wrong in another way, so that
 * all faults are told at once: hence the `?.`.
 */
function uniqueBy<Entry>(member: string, keyOf: (entry: Entry | undefined) => unknown, fault: string) {
  return (entries: readonly Entry[], context: z.RefinementCtx): void => {
    if (!Array.isArray(entries)) return;
    const seen = new Set<unknown>();
    for (const [index, entry] of entries.entries()) {
      const key = keyOf(entry ?? undefined);
      if (key !== undefined && seen.has(key)) {
        const message = `${fault}; give each its own`;
        context.addIssue({ code: 'custom', path: [index, member], message });
      }
      seen.add(key);
    }
  };
}
