import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { Clock } from '../../../pipeline/runtime/clock.ts';
import { tracingOf } from '../../../pipeline/tracing/registered.ts';

/** Tracing by OpenTelemetry's own SDK, whose spans stay in memory. */
export function inMemory(clock: Clock, sampler?: Sampler) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(sampler === undefined ? {} : { sampler }),
  });
  return {
    provider,
    tracing: tracingOf(provider.getTracer('test'), clock),
    /** Those that have ended, in the order of their ends. */
    spans: () => exporter.getFinishedSpans(),
    named: (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name),
  };
}
