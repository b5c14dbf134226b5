import type { MeterType, Resource, Sample } from '../../model/sample.ts';
import { oncePer } from '../once-per.ts';
import { createProtobufWriter } from '../push/protobuf.ts';
import { type Attributes, type AttributeValue, machineAttributes, pointAttributes } from './attributes.ts';
import { ucumOf } from './ucum.ts';

/**
 * What OTLP posts to /v1/metrics (opentelemetry/proto/collector/metrics/v1, metrics/v1, common/v1):
 *
 *   ExportMetricsServiceRequest { 1: ResourceMetrics… }
 *   ResourceMetrics { 1: Resource { 1: KeyValue… }  2: ScopeMetrics }
 *   ScopeMetrics { 1: InstrumentationScope { 1: name }  2: Metric… }
 *   Metric { 1: name  3: unit  5: Gauge { 1: point… }  or  7: Sum { 1: point…  2: temporality  3: monotonic } }
 *   NumberDataPoint { 2: fixed64 start  3: fixed64 time  4: double  or  6: sfixed64  7: KeyValue… }, times in ns
 *   KeyValue { 1: key  2: AnyValue { 1: text  2: bool  3: int64  4: double  5: ArrayValue { 1: AnyValue… } } }
 */

export interface ExportOptions {
  /** What every metric's name begins with. */
  readonly prefix: string;
  /** Quality, coverage, flags and revision as attributes of the points. */
  readonly annotate: boolean;
}

/** The greatest integer that a point can hold. */
const GREATEST_POINT = 2n ** 63n - 1n;

/** True if OTLP has no integer for the volume. */
export const isTooGreat = ({ volume }: Sample): boolean =>
  typeof volume === 'bigint' ? volume > GREATEST_POINT : Number.isInteger(volume) && volume >= 2 ** 63;

const DELTA = 1;
const CUMULATIVE = 2;
const writer = createProtobufWriter();

/** The request that holds the samples; none may be `isTooGreat`. */
export function exportRequest(samples: readonly Sample[], options: ExportOptions): Buffer {
  for (const { attributes, metrics } of machinesOf(samples)) {
    writer.message(1, () => {
      writer.message(1, () => writeAttributes(1, attributes));
      writer.message(2, () => {
        writer.message(1, () => writer.text(1, 'hypermeter'));
        for (const points of metrics.values()) writeMetric(points, options);
      });
    });
  }
  return writer.take();
}

interface Machine {
  readonly attributes: Attributes;
  /** By name, type and unit. */
  readonly metrics: Map<string, Sample[]>;
}

const machineOf = oncePer((resource: Resource) => {
  const attributes = machineAttributes(resource);
  return { attributes, key: JSON.stringify(attributes) };
});

function machinesOf(samples: readonly Sample[]): Iterable<Machine> {
  const machines = new Map<string, Machine>();
  for (const sample of samples) {
    const { key, attributes } = machineOf(sample.resource);
    const machine = machines.get(key) ?? { attributes, metrics: new Map<string, Sample[]>() };
    machines.set(key, machine);
    const metric = `${sample.type} ${sample.unit} ${sample.name}`;
    const points = machine.metrics.get(metric);
    if (points) points.push(sample);
    else machine.metrics.set(metric, [sample]);
  }
  return machines.values();
}

function writeMetric(points: readonly Sample[], { prefix, annotate }: ExportOptions): void {
  const [{ name, unit, type }] = points as readonly [Sample];
  writer.message(2, () => {
    writer.text(1, `${prefix}${name}`);
    if (unit !== '') writer.text(3, ucumOf(unit));
    writer.message(type === 'gauge' ? 5 : 7, () => {
      for (const point of points) writer.message(1, () => writePoint(point, annotate));
      if (type !== 'gauge') {
        writer.varint(2, type === 'delta' ? DELTA : CUMULATIVE);
        writer.varint(3, 1);
      }
    });
  });
}

function writePoint(sample: Sample, annotate: boolean): void {
  const startUs = START[sample.type](sample);
  if (startUs !== null) writer.fixed64(2, BigInt(startUs) * 1000n);
  writer.fixed64(3, BigInt(sample.timestamp) * 1000n);
  const { volume } = sample;
  if (typeof volume === 'bigint' || Number.isInteger(volume)) writer.fixed64(6, BigInt(volume));
  else writer.double(4, volume);
  writeAttributes(7, pointAttributes(sample, annotate));
}

/** When what a point counts began, microseconds; null: that is not known, or it counts nothing. */
const START: Readonly<Record<MeterType, (sample: Sample) => number | null>> = {
  cumulative: ({ since }) => since,
  delta: ({ windowStart }) => windowStart,
  gauge: () => null,
};

function writeAttributes(field: number, attributes: Attributes): void {
  for (const [key, value] of attributes) {
    writer.message(field, () => {
      writer.text(1, key);
      writer.message(2, () => writeValue(value));
    });
  }
}

function writeValue(value: AttributeValue): void {
  if (typeof value === 'string') writer.text(1, value);
  else if (typeof value === 'boolean') writer.varint(2, value ? 1 : 0);
  else if (typeof value !== 'number') {
    writer.message(5, () => {
      for (const each of value) writer.message(1, () => writer.text(1, each));
    });
  } else if (Number.isSafeInteger(value)) writer.varint(3, value);
  else writer.double(4, value);
}
