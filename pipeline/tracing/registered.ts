import {
  type HrTime,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Clock } from '../runtime/clock.ts';
import { LATE, orLate } from '../runtime/deadline.ts';
import { formatTraceparent, type TraceContext } from '../runtime/trace-context.ts';
import {
  causesOf,
  faultOf,
  type OpenTracing,
  type SpanStart,
  type Tracing,
  tracedAttributes,
} from '../runtime/tracing.ts';
import type { TracingDeps } from './deps.ts';

const KINDS: Readonly<Record<SpanStart['role'], SpanKind>> = {
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
};

/** For the SDK to send what has ended. */
const FLUSH_MS = 3000;

/** Traces by the SDK of OpenTelemetry that the user has registered before the program began; undefined: there is none. */
export function registeredTracing({ version, clock, report }: TracingDeps): OpenTracing | undefined {
  const provider = trace.getTracerProvider();
  const isProxy = provider instanceof ProxyTracerProvider;
  const tracer = isProxy
    ? provider.getDelegateTracer('hypermeter', version)
    : provider.getTracer('hypermeter', version);
  if (tracer === undefined) return undefined;
  const sdk: unknown = isProxy ? provider.getDelegate() : provider;
  const failed = (cause: unknown): void => {
    const error = new Error('the OpenTelemetry SDK could not send the last spans', { cause });
    report({ event: 'tracing.failed', error, retryMs: 0 });
  };
  return {
    tracing: tracingOf(tracer, clock),
    close: async () => {
      if (!isFlushed(sdk)) return;
      const flushed = sdk.forceFlush().catch(failed);
      if ((await orLate(clock, FLUSH_MS, flushed, failed)) === LATE) failed(`no end within ${FLUSH_MS} ms`);
    },
  };
}

const isFlushed = (sdk: unknown): sdk is { forceFlush(): Promise<void> } =>
  typeof (sdk as { readonly forceFlush?: unknown } | null)?.forceFlush === 'function';

/** Traces with a tracer of OpenTelemetry's API. */
export function tracingOf(tracer: Tracer, clock: Clock): Tracing {
  return {
    now: () => clock.now(),
    begin({ name, role, sinceUs = clock.now(), causes, attributes }) {
      const [parent, ...others] = causesOf(causes);
      const span = tracer.startSpan(
        name,
        {
          kind: KINDS[role],
          startTime: hrTimeOf(sinceUs),
          links: others.map((cause) => ({ context: spanContextOf(cause) })),
          attributes: tracedAttributes(attributes),
        },
        parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContextOf(parent)),
      );
      if (!span.isRecording()) return null;
      const { traceId, spanId, traceFlags } = span.spanContext();
      const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
      return {
        traceparent: sampled ? formatTraceparent({ traceId, spanId, sampled }) : undefined,
        end(more, error) {
          span.setAttributes(tracedAttributes(more));
          if (error !== undefined) {
            const { type, message } = faultOf(error);
            span.setAttribute('error.type', type);
            span.setStatus({ code: SpanStatusCode.ERROR, message });
          }
          span.end(hrTimeOf(Math.max(sinceUs, clock.now())));
        },
      };
    },
  };
}

const spanContextOf = ({ traceId, spanId }: TraceContext): SpanContext => ({
  traceId,
  spanId,
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
});

/** Seconds and nanoseconds, as OpenTelemetry has them. */
const hrTimeOf = (us: number): HrTime => [Math.floor(us / 1e6), (us % 1e6) * 1000];
