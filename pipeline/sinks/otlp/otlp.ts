import { z } from 'zod';
import type { Sample } from '../../model/sample.ts';
import { size } from '../../runtime/config/units.ts';
import { COMPRESSIONS, compressed } from '../push/compression.ts';
import { endpointFields } from '../push/endpoint.ts';
import { byInstant } from '../push/instants.ts';
import { createPusher, type Protocol } from '../push/pusher.ts';
import type { Sink, SinkContext, SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { exportVerdict } from './export-answer.ts';
import { exportRequest, isTooGreat } from './export-request.ts';

export const otlpConfig = z.strictObject({
  type: z.literal('otlp'),
  ...subscriptionFields,
  ...endpointFields,
  prefix: z
    .string()
    .regex(/^(?:[a-zA-Z][a-zA-Z0-9_.\-/]*)?$/, { error: 'must be a letter, then letters, digits, _ . - and /' })
    .default('ceilometer.')
    .describe('What the name of every metric begins with'),
  annotate: z
    .boolean()
    .default(false)
    .describe('Add quality, coverage, flags and revision to each point; to most receivers each change is a new series'),
  compression: z.enum(COMPRESSIONS).default('gzip').describe('Of what is sent'),
  maxSamples: z.int().min(1).max(100_000).default(2000).describe('At most so many points a request'),
  maxBytes: size({ atLeast: '1kB', atMost: '256MiB', example: '4MiB' })
    .prefault('4MiB')
    .describe('At most so many bytes a request, as they are sent'),
});
export type OtlpConfig = z.infer<typeof otlpConfig>;

/** OpenTelemetry's protocol over HTTP, in Protocol Buffers. */
export const otlp = {
  kind: 'otlp',
  schema: otlpConfig,
  create: createOtlpSink,
} satisfies SinkKind<OtlpConfig>;

function createOtlpSink(config: OtlpConfig, context: SinkContext): Sink {
  const { name, maxSamples, maxBytes } = config;
  return createPusher({ kind: 'otlp', name, maxSamples, maxBytes }, config, protocolOf(config), context);
}

const protocolOf = (config: OtlpConfig): Protocol => ({
  faultOf: (sample) => (isTooGreat(sample) ? 'volume_out_of_range' : null),
  groups: byInstant,
  async encode(samples: readonly Sample[]) {
    const { body, headers } = await compressed(exportRequest(samples, config), config.compression);
    return { body, headers: { 'content-type': 'application/x-protobuf', ...headers } };
  },
  judge: exportVerdict,
});
