import type { Sample } from '../../model/sample.ts';
import { oncePer } from '../once-per.ts';

/**
 * A sample as a point of a Prometheus series. Names may hold letters, digits and underscores; labels are sorted, none is
 * empty, and together with the name they are the series' identity, so nothing that changes from window to window is one.
 */
export interface Point {
  readonly timeMs: number;
  readonly value: number;
  /** Since when a counter counts; 0: not known. */
  readonly startMs: number;
}

export interface Series {
  /** Name and value by turns, `__name__` among them, sorted by name. */
  readonly labels: readonly string[];
  readonly type: 'counter' | 'gauge';
  readonly unit: string;
  /** Oldest first, one an instant. */
  readonly points: readonly Point[];
}

export interface SeriesOptions {
  /** What every name begins with. */
  readonly prefix: string;
  /** Labels that every series has. */
  readonly labels: Readonly<Record<string, string>>;
  /** Keys of the resource metadata that become labels. */
  readonly metadataLabels: readonly string[];
}

/** Labels that are given by the sample itself. */
export const OWN_LABELS = ['device', 'instance_id', 'project_id', 'resource_id', 'user_id', 'window'] as const;

/** What a label may be called; names that begin with two underscores are Prometheus's own. */
export const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A metadata key as a label's name. */
export const labelOf = (key: string): string => key.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');

/** A meter's name as a metric's: `disk.device.read.bytes` is `disk_device_read_bytes_total`, as it only grows. */
export function metricName({ name, type }: Pick<Sample, 'name' | 'type'>, prefix: string): string {
  const metric = `${prefix}${name}`.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
  return type === 'cumulative' ? `${metric}_total` : metric;
}

/** The series that the samples are of, in the order of their first sample. */
export function createSeries(options: SeriesOptions): (samples: readonly Sample[]) => readonly Series[] {
  const resourceLabels = oncePer((resource: Sample['resource']) => labelsOf(resource, options));
  return (samples) => {
    const found = new Map<string, { readonly first: Sample; readonly points: Map<number, Revised> }>();
    for (const sample of samples) {
      const key = [sample.name, sample.windowEnd - sample.windowStart, ...resourceLabels(sample.resource)].join('\0');
      const series = found.get(key) ?? { first: sample, points: new Map<number, Revised>() };
      found.set(key, series);
      const before = series.points.get(sample.timestamp);
      // Of two revisions of a window, the higher one stands.
      if (before && before.revision > sample.revision) continue;
      series.points.set(sample.timestamp, { revision: sample.revision, point: pointOf(sample) });
    }
    return [...found.values()].map(({ first, points }) => ({
      labels: allLabels(first, resourceLabels(first.resource), options),
      type: first.type === 'cumulative' ? 'counter' : 'gauge',
      unit: first.unit,
      points: [...points.values()].map(({ point }) => point).sort((a, b) => a.timeMs - b.timeMs),
    }));
  };
}

interface Revised {
  readonly revision: number;
  readonly point: Point;
}

const pointOf = ({ timestamp, volume, since }: Sample): Point => ({
  timeMs: Math.floor(timestamp / 1000),
  value: Number(volume),
  startMs: since === null ? 0 : Math.floor(since / 1000),
});

/** Names and values by turns of what a resource is known by. */
function labelsOf({ id, projectId, userId, metadata }: Sample['resource'], options: SeriesOptions): readonly string[] {
  const own: readonly (readonly [string, unknown])[] = [
    ['resource_id', id],
    ['instance_id', metadata.instance_id],
    ['device', metadata.disk_name ?? metadata.mac],
    ['project_id', projectId],
    ['user_id', userId],
    ...options.metadataLabels.map((key) => [labelOf(key), metadata[key]] as const),
  ];
  return own.flatMap(([name, value]) => (isShown(value) ? [name, String(value)] : []));
}

/** An empty label is no label, to Prometheus. */
const isShown = (value: unknown): boolean =>
  typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value !== '');

function allLabels(sample: Sample, resource: readonly string[], { prefix, labels }: SeriesOptions): readonly string[] {
  const seconds = (sample.windowEnd - sample.windowStart) / 1_000_000;
  const pairs: [string, string][] = [
    ['__name__', metricName(sample, prefix)],
    ['window', `${seconds}s`],
    ...Object.entries(labels).filter(([, value]) => value !== ''),
  ];
  for (let i = 0; i + 1 < resource.length; i += 2) pairs.push([resource[i] as string, resource[i + 1] as string]);
  // Names are ASCII, so this is the order of their bytes.
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1)).flat();
}
