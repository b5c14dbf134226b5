import { z } from 'zod';
import type { Sample } from '../../model/sample.ts';
import { size } from '../../runtime/config/units.ts';
import { COMPRESSIONS, compressed } from '../push/compression.ts';
import { endpointFields } from '../push/endpoint.ts';
import { createPusher, type Protocol } from '../push/pusher.ts';
import type { Sink, SinkContext, SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { TIMESTAMP_STYLES } from '../timestamp.ts';
import { sampleJson } from './sample-json.ts';

export const httpConfig = z.strictObject({
  type: z.literal('http'),
  ...subscriptionFields,
  ...endpointFields,
  batch: z.boolean().default(true).describe('An array of samples a request; false: one object a request'),
  source: z.string().min(1).default('openstack').describe('What the samples name as their source'),
  timestamps: z
    .enum(TIMESTAMP_STYLES)
    .default('zoned')
    .describe('zoned: with +00:00; naive: without, as a Ceilometer polling agent'),
  annotate: z.boolean().default(false).describe('Add window, coverage, quality and flags to resource_metadata'),
  compression: z.enum(COMPRESSIONS).default('none').describe('none as Ceilometer; gzip where the receiver reads it'),
  maxSamples: z.int().min(1).max(100_000).default(500).describe('At most so many samples a request'),
  maxBytes: size({ atLeast: '1kB', atMost: '256MiB', example: '1MiB' })
    .prefault('1MiB')
    .describe('At most so many bytes a request, as they are sent'),
});
export type HttpConfig = z.infer<typeof httpConfig>;

/** Ceilometer's http publisher: samples as JSON. */
export const http = {
  kind: 'http',
  schema: httpConfig,
  create: createHttpSink,
} satisfies SinkKind<HttpConfig>;

function createHttpSink(config: HttpConfig, context: SinkContext): Sink {
  const { batch, maxBytes } = config;
  const settings = { kind: 'http', name: config.name, maxSamples: batch ? config.maxSamples : 1, maxBytes };
  return createPusher(settings, config, protocolOf(config), context);
}

const protocolOf = (config: HttpConfig): Protocol => ({
  async encode(samples: readonly Sample[]) {
    const objects = samples.map((sample) => sampleJson(sample, config));
    const json = config.batch ? `[${objects.join(', ')}]` : objects.join('');
    const { body, headers } = await compressed(Buffer.from(json), config.compression);
    return { body, headers: { 'content-type': 'application/json', ...headers } };
  },
});
