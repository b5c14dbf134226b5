import { SpanStatusCode } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { createDelivery, sinkConfig } from '../../../pipeline/sinks/registry.ts';
import { inMemory } from '../tracing/in-memory.ts';
import { aContext } from './a-context.ts';
import { parcelOf } from './a-parcel.ts';
import { aSample } from './a-sample.ts';
import { aServer, statuses } from './push/a-server.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const cause = (n: number) => `00-${TRACE}-${n.toString(16).padStart(16, '0')}-01`;

/** Sinks that post, traced, to servers that answer with these statuses. */
async function delivering(...answers: readonly (readonly number[])[]) {
  const traced = inMemory(systemClock);
  const servers = await Promise.all(answers.map((each) => aServer(statuses(...each))));
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });
  const configs = servers.map(({ url }, n) => sinkConfig.parse({ type: 'otlp', name: `s${n}`, url }));
  const delivery = createDelivery(configs, aContext({ tracing: traced.tracing }).context);
  onTestFinished(() => delivery.close());
  return { delivery, spans: () => traced.named('publish') };
}

test('a delivery to each sink is a span, with what was sent and how often it was tried', async () => {
  const { delivery, spans } = await delivering([200], [503, 503]);
  const parcel = { ...parcelOf([aSample(), aSample({ name: 'other' })]), traces: [cause(1), cause(2)] };
  const { delivered } = await delivery.offer(parcel, new AbortController().signal);
  await delivered;
  expect(spans().map(({ attributes }) => attributes)).toEqual([
    { 'hypermeter.sink': 's0', 'hypermeter.samples': 2, 'hypermeter.attempts': 1 },
    { 'hypermeter.sink': 's1', 'hypermeter.samples': 2, 'hypermeter.attempts': 3 },
  ]);
  for (const span of spans()) {
    expect(span.spanContext().traceId).toBe(TRACE);
    expect(span.parentSpanContext?.spanId).toBe('0000000000000001');
    expect(span.links.map(({ context }) => context.spanId)).toEqual(['0000000000000002']);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
  }
});

test('what is delivered again after a start begins a trace; what is given up says why', async () => {
  const { delivery, spans } = await delivering([503, 503, 503, 503, 503, 503]);
  const over = new AbortController();
  const { delivered } = await delivery.offer(parcelOf([aSample()]), over.signal);
  setTimeout(() => over.abort(new Error('the program is stopping')), 100);
  await expect(delivered).rejects.toThrow();
  expect(spans()).toHaveLength(1);
  expect(spans()[0]?.parentSpanContext).toBeUndefined();
  expect(spans()[0]).toMatchObject({
    attributes: { 'hypermeter.attempts': 1 },
    status: { code: SpanStatusCode.ERROR, message: expect.stringMatching(/./) },
  });
});
