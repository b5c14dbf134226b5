import { createProtobufWriter } from '../sinks/push/protobuf.ts';
import type { EndedSpan } from './ended-span.ts';

/**
 * What OTLP posts to /v1/traces (opentelemetry/proto/collector/trace/v1, trace/v1, common/v1):
 *
 *   ExportTraceServiceRequest { 1: ResourceSpans { 1: Resource { 1: KeyValue… }  2: ScopeSpans } }
 *   ScopeSpans { 1: InstrumentationScope { 1: name  2: version }  2: Span… }
 *   Span { 1: trace id  2: span id  4: parent's span id  5: name  6: kind  7: fixed64 start  8: fixed64 end
 *          9: KeyValue…  13: Link { 1: trace id  2: span id }…  15: Status { 2: text  3: code } }, times in ns
 *   KeyValue { 1: key  2: AnyValue { 1: text  2: bool  3: int64  4: double } }
 */

/** Who made the spans. */
export interface Origin {
  readonly version: string;
  readonly instance: string;
}

type Value = string | number | boolean;

const KINDS: Readonly<Record<EndedSpan['role'], number>> = { client: 3, consumer: 5 };
const STATUS_ERROR = 2;
const writer = createProtobufWriter();

/** The request that holds the spans. */
export function traceRequest(spans: readonly EndedSpan[], { version, instance }: Origin): Buffer {
  const resource = { 'service.name': 'hypermeter', 'service.version': version, 'service.instance.id': instance };
  writer.message(1, () => {
    writer.message(1, () => writeAttributes(1, resource));
    writer.message(2, () => {
      writer.message(1, () => {
        writer.text(1, 'hypermeter');
        writer.text(2, version);
      });
      for (const span of spans) writer.message(2, () => writeSpan(span));
    });
  });
  return writer.take();
}

function writeSpan(span: EndedSpan): void {
  writer.bytes(1, Buffer.from(span.traceId, 'hex'));
  writer.bytes(2, Buffer.from(span.spanId, 'hex'));
  if (span.parentId !== null) writer.bytes(4, Buffer.from(span.parentId, 'hex'));
  writer.text(5, span.name);
  writer.varint(6, KINDS[span.role]);
  writer.fixed64(7, BigInt(span.startUs) * 1000n);
  writer.fixed64(8, BigInt(span.endUs) * 1000n);
  writeAttributes(9, span.attributes);
  for (const { traceId, spanId } of span.links) {
    writer.message(13, () => {
      writer.bytes(1, Buffer.from(traceId, 'hex'));
      writer.bytes(2, Buffer.from(spanId, 'hex'));
    });
  }
  const { fault } = span;
  if (fault === null) return;
  writer.message(15, () => {
    writer.text(2, fault);
    writer.varint(3, STATUS_ERROR);
  });
}

function writeAttributes(field: number, attributes: Readonly<Record<string, Value>>): void {
  for (const [key, value] of Object.entries(attributes)) {
    writer.message(field, () => {
      writer.text(1, key);
      writer.message(2, () => writeValue(value));
    });
  }
}

function writeValue(value: Value): void {
  if (typeof value === 'string') writer.text(1, value);
  else if (typeof value === 'boolean') writer.varint(2, value ? 1 : 0);
  else if (Number.isSafeInteger(value)) writer.varint(3, value);
  else writer.double(4, value);
}
