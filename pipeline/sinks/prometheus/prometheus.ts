import { compress } from 'snappyjs';
import { z } from 'zod';
import { size } from '../../runtime/config/units.ts';
import type { Answer } from '../push/client.ts';
import { endpointFields } from '../push/endpoint.ts';
import { byInstant } from '../push/instants.ts';
import { createPusher, type Protocol } from '../push/pusher.ts';
import { wordsOf } from '../push/verdict.ts';
import type { Sink, SinkContext, SinkKind } from '../sink.ts';
import { subscriptionFields } from '../subscription.ts';
import { createSeries, LABEL_NAME, labelOf, OWN_LABELS, type SeriesOptions } from './series.ts';
import { writeRequestV1, writeRequestV2 } from './write-request.ts';

const VERSIONS = ['auto', '1.0', '2.0'] as const;

export const prometheusConfig = z
  .strictObject({
    type: z.literal('prometheus'),
    ...subscriptionFields,
    ...endpointFields,
    version: z
      .enum(VERSIONS)
      .default('auto')
      .describe('Of remote-write; auto: 2.0, and 1.0 where the receiver does not say that it stored anything'),
    prefix: z
      .string()
      .regex(/^(?:[a-zA-Z_][a-zA-Z0-9_]*)?$/, { error: 'must be letters, digits and underscores' })
      .default('ceilometer_')
      .describe('What the name of every metric begins with'),
    labels: z
      .record(
        z.string().regex(LABEL_NAME, { error: 'must be letters, digits and underscores, not two of these first' }),
        z.string(),
      )
      .default({})
      .describe('Labels that every series gets, such as region'),
    metadataLabels: z
      .array(z.string().min(1))
      .default([])
      .describe('Keys of resource_metadata that become labels, such as display_name; each change begins a new series'),
    maxSamples: z.int().min(1).max(100_000).default(2000).describe('At most so many samples a request'),
    maxBytes: size({ atLeast: '1kB', atMost: '256MiB', example: '1MiB' })
      .prefault('1MiB')
      .describe('At most so many bytes a request, as they are sent'),
  })
  .superRefine(checkLabels);
export type PrometheusConfig = z.infer<typeof prometheusConfig>;

/** Prometheus remote-write: what Prometheus, Mimir, Thanos, VictoriaMetrics and others take. */
export const prometheus = {
  kind: 'prometheus',
  schema: prometheusConfig,
  create: createPrometheusSink,
} satisfies SinkKind<PrometheusConfig>;

function createPrometheusSink(config: PrometheusConfig, context: SinkContext): Sink {
  const { name, maxSamples, maxBytes } = config;
  return createPusher({ kind: 'prometheus', name, maxSamples, maxBytes }, config, remoteWrite(config), context);
}

const WRITTEN = 'x-prometheus-remote-write-samples-written';
const HEADERS = { 'content-encoding': 'snappy' } as const;
const V1 = {
  write: writeRequestV1,
  headers: {
    ...HEADERS,
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
  },
};
const V2 = {
  write: writeRequestV2,
  headers: {
    ...HEADERS,
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'x-prometheus-remote-write-version': '2.0.0',
  },
};

/**
 * Receivers of 1.0 alone either refuse 2.0 by 415 or find no series in it and answer 2xx: what tells these from a
 * receiver of 2.0 is that they do not say how much they stored.
 */
function remoteWrite(config: SeriesOptions & Pick<PrometheusConfig, 'version'>): Protocol {
  const seriesOf = createSeries(config);
  let format = config.version === '1.0' ? V1 : V2;
  let sent = 0;
  return {
    groups: byInstant,
    encode(samples) {
      sent = samples.length;
      const body = compress(format.write(seriesOf(samples)));
      return { body, headers: format.headers };
    },
    judge(answer: Answer) {
      if (format === V1) return undefined;
      if (isAllTooLate(answer, sent)) return { is: 'partly', rejected: sent, words: wordsOf(answer) };
      const { status } = answer;
      const isDone = status >= 200 && status < 300;
      const written = answer.header(WRITTEN);
      if (status !== 415 && !(isDone && written === undefined)) return undefined;
      if (config.version === 'auto') {
        format = V1;
        return 'again';
      }
      const why = `${wordsOf(answer)}: it does not know remote-write 2.0: set version to 1.0 or auto`;
      return { is: 'unavailable', why, afterMs: 0 };
    },
  };
}

/**
 * Nothing was written, and all of it for its time: the samples of a request are of one instant, so that one beyond the
 * bounds tells of all; Prometheus has a line for each. (Others say 0 with every refusal, whatever they wrote.)
 */
function isAllTooLate(answer: Answer, sent: number): boolean {
  const { status, body } = answer;
  if (status < 400 || status >= 500 || answer.header(WRITTEN) !== '0') return false;
  const said = body.toString('utf8');
  if (said.includes('out of bounds')) return true;
  return (said.match(/out of order sample|too old sample|duplicate sample for timestamp/g) ?? []).length >= sent;
}

function checkLabels(
  { labels, metadataLabels }: { labels: Readonly<Record<string, string>>; metadataLabels: readonly string[] },
  context: z.RefinementCtx,
): void {
  const taken = new Set<string>(OWN_LABELS);
  const claim = (name: string, path: readonly (string | number)[]): void => {
    if (taken.has(name))
      context.addIssue({ code: 'custom', path: [...path], message: `there is a label ${name} already` });
    taken.add(name);
  };
  for (const name of Object.keys(labels)) claim(name, ['labels', name]);
  for (const [index, key] of metadataLabels.entries()) claim(labelOf(key), ['metadataLabels', index]);
}
