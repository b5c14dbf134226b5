import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, test } from 'vitest';
import { registeredTracing } from '../../../pipeline/tracing/registered.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { inMemory } from './in-memory.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const cause = (n: number, flags = '01') => `00-${TRACE}-${n.toString(16).padStart(16, '0')}-${flags}`;
const poll = { name: 'poll', role: 'client', attributes: { hypervisor: 'kvm1', early: undefined } } as const;

describe('tracing by an SDK', () => {
  test('records what there is to say of a span, with the times of our clock', async () => {
    const clock = handClock(1_700_000_000_123_456);
    const { tracing, named } = inMemory(clock);
    const span = tracing.begin(poll);
    await clock.advance(250);
    span?.end({ calls: 1 });
    const [recorded] = named('poll');
    expect(recorded).toMatchObject({
      kind: SpanKind.CLIENT,
      startTime: [1_700_000_000, 123_456_000],
      endTime: [1_700_000_000, 373_456_000],
      status: { code: SpanStatusCode.UNSET },
      links: [],
    });
    expect(recorded?.attributes).toEqual({ 'hypermeter.hypervisor': 'kvm1', 'hypermeter.calls': 1 });
    expect(recorded?.parentSpanContext).toBeUndefined();
    const { traceId, spanId } = recorded?.spanContext() ?? {};
    expect(span?.traceparent).toBe(`00-${traceId}-${spanId}-01`);
  });

  test('has the first recorded cause as parent and links to the others; what is none is ignored', () => {
    const { tracing, named } = inMemory(handClock());
    const causes = ['nonsense', cause(1, '00'), cause(2), cause(3), cause(3), cause(4)];
    tracing.begin({ ...poll, name: 'window', role: 'consumer', causes })?.end({});
    const [window] = named('window');
    expect(window?.kind).toBe(SpanKind.CONSUMER);
    expect(window?.spanContext().traceId).toBe(TRACE);
    expect(window?.parentSpanContext?.spanId).toBe('0000000000000002');
    expect(window?.links.map(({ context }) => context.spanId)).toEqual(['0000000000000003', '0000000000000004']);
  });

  test('says why it failed, without passwords', () => {
    const { tracing, named } = inMemory(handClock());
    const error = Object.assign(new Error('redis://u:hunter2@h is gone'), { code: 'lost' });
    tracing.begin(poll)?.end({}, error);
    const [failed] = named('poll');
    expect(failed?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'redis://u:***@h is gone' });
    expect(failed?.attributes['error.type']).toBe('lost');
  });

  test('begins none that is not sampled, and heeds what the cause has decided', () => {
    const { tracing, spans } = inMemory(handClock(), new ParentBasedSampler({ root: new AlwaysOffSampler() }));
    expect(tracing.begin(poll)).toBeNull();
    tracing.begin({ ...poll, causes: [cause(1)] })?.end({});
    expect(spans()).toHaveLength(1);
  });

  test('tells nobody of a span that is recorded here and sampled by nobody', () => {
    const sampler: Sampler = { shouldSample: () => ({ decision: SamplingDecision.RECORD }), toString: () => 'record' };
    expect(inMemory(handClock(), sampler).tracing.begin(poll)?.traceparent).toBeUndefined();
  });
});

describe('an SDK that the user has registered', () => {
  const deps = { version: '1.2.3', instance: 'here', clock: handClock(), report: () => undefined };
  afterEach(() => trace.disable());

  test('is not there: nothing is traced', () => {
    expect(registeredTracing(deps)).toBeUndefined();
  });

  test('is used under the name of the program, and sends all at the end', async () => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }));
    const open = registeredTracing(deps);
    open?.tracing.begin(poll)?.end({});
    expect(exporter.getFinishedSpans()).toEqual([]);
    await open?.close(new AbortController().signal);
    expect(exporter.getFinishedSpans().map(({ instrumentationScope }) => instrumentationScope)).toEqual([
      expect.objectContaining({ name: 'hypermeter', version: '1.2.3' }),
    ]);
  });
});
