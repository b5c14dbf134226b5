import { QUALITIES, type Sample } from '../sample.ts';
import { calculate, type PythonNumber } from './python-number.ts';
import { type Convert, converterOf, type Scale, type ScalingParameters, scaleOf } from './scaling.ts';
import { foldIds, madeId, type Place, type Transformer } from './transformer.ts';

export type Merge = 'first' | 'last';

export interface AggregatorParameters extends ScalingParameters {
  /** Ends a round when so many samples came in it; null or 0: never by their number. */
  readonly size?: number | null | undefined;
  /** Ends a round so many seconds after the time of its first sample. */
  readonly retention_time?: number | null | undefined;
  /** Whose user or project to take where they are merged; without it they are kept apart. */
  readonly user_id?: Merge | undefined;
  readonly project_id?: Merge | undefined;
  readonly resource_metadata?: Merge | 'drop' | undefined;
  readonly timestamp?: Merge | undefined;
}

/** Samples of one key that are being made one. */
interface Aggregate {
  sample: Sample;
  ids: string;
}

/**
 * `aggregator`: makes the samples of a resource one: of cumulative ones the last, of gauges the mean, of the others the
 * sum. A round ends at the end of a batch, when it is full or its time is up.
 *
 * A gauge that is given another name cannot be averaged: the count is looked for under the new name. That fault is
 * Ceilometer's, and as there nothing comes out any more.
 */
export function aggregator(parameters: AggregatorParameters, place: Place): Transformer {
  const { size, retentionS } = limitsOf(parameters);
  const convert = converterOf(parameters, place);
  const scale = scaleOf(parameters.target?.scale);
  const keyOf = keying(parameters);
  const aggregates = new Map<string, Aggregate>();
  const counts = new Map<string, number>();
  let firstUs: number | null = null;
  let taken = 0;

  function flush(nowUs: number): readonly Sample[] {
    if (firstUs === null) return [];
    const isFull = size > 0 && taken >= size;
    const isExpired = retentionS > 0 && nowUs - firstUs > retentionS * 1_000_000;
    if (!isFull && !isExpired) return [];
    for (const aggregate of aggregates.values()) average(aggregate, counts.get(keyOf(aggregate.sample)) ?? 0);
    const samples = [...aggregates.values()].map(({ sample, ids }) => ({
      ...sample,
      messageId: madeId(ids, place, sample.name),
    }));
    aggregates.clear();
    counts.clear();
    taken = 0;
    firstUs = null;
    return samples;
  }
  return {
    take(sample) {
      firstUs ??= sample.timestamp;
      taken++;
      const key = keyOf(sample);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      const aggregate = aggregates.get(key);
      if (aggregate === undefined) aggregates.set(key, begun(sample, parameters, convert));
      else merge(aggregate, sample, parameters, scale);
      return null;
    },
    flush,
  };
}

/** Without any limit every batch ends a round. */
function limitsOf({ size = 1, retention_time }: AggregatorParameters): { size: number; retentionS: number } {
  const retentionS = retention_time ?? 0;
  return { size: !size && retentionS === 0 ? 1 : (size ?? 0), retentionS };
}

function keying({ user_id, project_id }: AggregatorParameters): (sample: Sample) => string {
  const apart = [project_id === undefined ? 'projectId' : null, user_id === undefined ? 'userId' : null] as const;
  return ({ name, resource }) => {
    const owners = apart.flatMap((owner) => (owner === null ? [] : [resource[owner] ?? '<undefined>']));
    return `${name}-${resource.id}-${owners.join('-')}`;
  };
}

function begun(sample: Sample, { resource_metadata }: AggregatorParameters, convert: Convert): Aggregate {
  const converted = convert(sample, 1n);
  const resource = resource_metadata === 'drop' ? { ...converted.resource, metadata: {} } : converted.resource;
  return { sample: { ...converted, resource, coverage: null }, ids: sample.messageId };
}

function merge(aggregate: Aggregate, sample: Sample, parameters: AggregatorParameters, scale: Scale): void {
  const { user_id, project_id, resource_metadata = 'last', timestamp } = parameters;
  const so = aggregate.sample;
  // Ceilometer changes the time before it scales, which may fail.
  aggregate.sample = { ...so, timestamp: timestamp === 'last' ? sample.timestamp : so.timestamp };
  const volume: PythonNumber = sample.type === 'cumulative' ? scale(sample) : calculate('+', so.volume, scale(sample));
  const { resource } = sample;
  aggregate.ids = foldIds(aggregate.ids, sample.messageId);
  aggregate.sample = {
    ...aggregate.sample,
    volume,
    resource: {
      ...so.resource,
      ...(user_id === 'last' ? { userId: resource.userId, userName: resource.userName } : {}),
      ...(project_id === 'last' ? { projectId: resource.projectId, projectName: resource.projectName } : {}),
      ...(resource_metadata === 'last' ? { metadata: resource.metadata } : {}),
    },
    windowStart: Math.min(so.windowStart, sample.windowStart),
    windowEnd: Math.max(so.windowEnd, sample.windowEnd),
    quality: QUALITIES.indexOf(sample.quality) > QUALITIES.indexOf(so.quality) ? sample.quality : so.quality,
    flags: [...new Set([...so.flags, ...sample.flags])],
  };
}

function average(aggregate: Aggregate, count: number): void {
  const { sample } = aggregate;
  if (sample.type === 'gauge') aggregate.sample = { ...sample, volume: calculate('/', sample.volume, BigInt(count)) };
}
