import { SpanStatusCode } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { type Endpoint, EndpointError, type Observation, type Poll } from '../../connectors/connector.ts';
import { pollEndpoint } from '../../connectors/polling.ts';
import { inMemory } from '../pipeline/tracing/in-memory.ts';
import { handClock } from './hand-clock.ts';
import { instance } from './polls.ts';

/** An endpoint that answers at its turns as the list says. */
function polled(answers: readonly (Partial<Observation> | Error)[]) {
  const clock = handClock();
  const traced = inMemory(clock);
  const polls: Poll[] = [];
  const left = [...answers];
  const poll = async (): Promise<Observation> => {
    await clock.sleep(100);
    const answer = left.shift() ?? {};
    if (answer instanceof Error) throw answer;
    const at = clock.now();
    return { startedAt: at, endedAt: at, bootedAt: null, partial: null, calls: 2, hosts: [], instances: [], ...answer };
  };
  const endpoint: Endpoint = {
    id: 'kvm1',
    kind: 'libvirt',
    connect: async () => ({ poll, closed: new Promise(() => undefined), close: async () => undefined }),
  };
  const context = { clock, report: () => undefined, tracing: traced.tracing };
  const connector = pollEndpoint(endpoint, { intervalMs: 10_000 }, context);
  const subscription = connector.snapshots.subscribe((each) => void polls.push(each));
  return { clock, polls, named: traced.named, subscription };
}

test('a poll is a span that the poll itself names', async () => {
  const { clock, polls, named, subscription } = polled([
    { instances: [instance(1), instance(2)] },
    { partial: 'https://u:hunter2@h is away' },
  ]);
  await clock.advance(20_000);
  await clock.advance(10_000);
  subscription.unsubscribe();
  const spans = named('poll').slice(0, 2);
  expect(spans.map(({ attributes }) => attributes)).toEqual([
    {
      'hypermeter.hypervisor': 'kvm1',
      'hypermeter.kind': 'libvirt',
      'hypermeter.calls': 2,
      'hypermeter.instances': 2,
    },
    expect.objectContaining({ 'hypermeter.partial': 'https://u:***@h is away', 'hypermeter.instances': 0 }),
  ]);
  expect(polls.slice(0, 2).map(({ trace }) => trace)).toEqual(
    spans.map((span) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`),
  );
  // Each begins a trace of its own.
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(2);
});

test('one that fails is a span that says why', async () => {
  const { clock, polls, named, subscription } = polled([new EndpointError('refused', 'kvm1', 'no access')]);
  await clock.advance(10_200);
  await clock.advance(200);
  subscription.unsubscribe();
  expect(polls).toEqual([]);
  expect(named('poll')[0]).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: 'kvm1: no access' },
    attributes: { 'hypermeter.hypervisor': 'kvm1', 'error.type': 'refused' },
  });
});
