// Traces by OpenTelemetry's own SDK, for whoever wants its samplers, processors and exporters: registered before the
// program begins, which then traces with it. In the folder of the program, or where it is installed:
//
//   npm install @opentelemetry/api@1.9 @opentelemetry/resources@2.12 @opentelemetry/sdk-trace-base@2.12 \
//     @opentelemetry/exporter-trace-otlp-proto@0.223
//   OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 NODE_OPTIONS='--import ./otel.mjs' npx hypermeter run -c hypermeter.yaml
//
// The program sends what has ended when it stops; a handler of signals is not needed here.
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';

const ratio = Number(process.env.TRACED_RATIO ?? 1);

trace.setGlobalTracerProvider(
  new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'hypermeter' }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  }),
);
