import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import type { InternalEvent } from '../../../pipeline/runtime/events.ts';
import { tracingConfig } from '../../../pipeline/tracing/config.ts';
import type { EndedSpan } from '../../../pipeline/tracing/ended-span.ts';
import { otlpTracing, tracingInto } from '../../../pipeline/tracing/otlp.ts';
import { handClock } from '../runtime/hand-clock.ts';
import { aServer, type Respond, statuses } from '../sinks/push/a-server.ts';

const poll = { name: 'poll', role: 'client', attributes: { hypervisor: 'kvm1' } } as const;
const CAUSE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const { signal } = new AbortController();

/** Tracing that posts to a server that does as it is told. */
async function underTest(respond: Respond, more: object = {}) {
  const server = await aServer(respond);
  onTestFinished(() => server.close());
  const events: InternalEvent[] = [];
  const config = z.object({ tracing: tracingConfig }).parse({ tracing: { url: `${server.url}/v1/traces`, ...more } });
  if (config.tracing === undefined) throw new Error('there is a section');
  const deps = { version: '1.2.3', instance: 'here', clock: systemClock };
  const open = otlpTracing(config.tracing, { ...deps, report: (event) => void events.push(event) });
  const record = (count: number) => {
    for (let n = 0; n < count; n++) open.tracing.begin(poll)?.end({ calls: n });
  };
  const count = (name: 'spans.sent' | 'spans.lost', reason?: string) =>
    events.reduce((sum, each) => {
      const isIt = each.event === name && (reason === undefined || ('reason' in each && each.reason === reason));
      return isIt && 'count' in each ? sum + each.count : sum;
    }, 0);
  const failures = () => events.flatMap((each) => (each.event === 'tracing.failed' ? [each.error.message] : []));
  return { server, open, record, events, count, failures };
}

describe('a span', () => {
  test.each([
    ['is recorded by chance', 0.51, [], true],
    ['or not', 0.5, [], false],
    ['never at 0', 0, [], false],
    ['but where its cause is', 0, [CAUSE], true],
    ['and not where the cause is none', 0, ['nonsense'], false],
  ] as const)('%s', (_, ratio, causes, recorded) => {
    const spans: EndedSpan[] = [];
    // Its chance is a half.
    const tracing = tracingInto((span) => void spans.push(span), ratio, handClock());
    tracing.begin({ ...poll, causes })?.end({});
    expect(spans).toHaveLength(recorded ? 1 : 0);
  });

  test('of a cause is its child, under the same trace, and names itself to what it leads to', async () => {
    const spans: EndedSpan[] = [];
    const clock = handClock();
    const tracing = tracingInto((span) => void spans.push(span), 1, clock);
    const span = tracing.begin({ ...poll, causes: [CAUSE] });
    await clock.advance(20);
    span?.end({ calls: 1 }, new Error('redis://u:hunter2@h is gone'));
    const [ended] = spans;
    expect(ended).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentId: 'b7ad6b7169203331',
      startUs: clock.now() - 20_000,
      endUs: clock.now(),
      attributes: { 'hypermeter.hypervisor': 'kvm1', 'hypermeter.calls': 1, 'error.type': 'Error' },
      fault: 'redis://u:***@h is gone',
    });
    expect(span?.traceparent).toBe(`00-${ended?.traceId}-${ended?.spanId}-01`);
  });
});

describe('sending spans', () => {
  test('happens by and by, in one request, and is counted', async () => {
    const { server, open, record, count } = await underTest(statuses());
    record(3);
    await expect.poll(() => count('spans.sent'), { timeout: 10_000 }).toBe(3);
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({
      path: '/v1/traces',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
    });
    await open.close(signal);
  });

  test('is tried again while the receiver is away; what is too much meanwhile is dropped and counted', async () => {
    const { open, record, count, failures } = await underTest(statuses(503, 503), { queue: 4 });
    record(7);
    expect(count('spans.lost', 'queue_full')).toBe(3);
    await expect.poll(() => count('spans.sent'), { timeout: 20_000 }).toBe(4);
    expect(failures()).toEqual(['tracing: answer 503: as told', 'tracing: answer 503: as told']);
    await open.close(signal);
  });

  test('goes on after what the receiver does not take', async () => {
    const { open, record, count, failures } = await underTest(statuses(400));
    record(600);
    await expect.poll(() => count('spans.sent'), { timeout: 10_000 }).toBe(88);
    expect(count('spans.lost', 'refused')).toBe(512);
    expect(failures()).toEqual(['tracing: the receiver does not take spans: answer 400: as told']);
    await open.close(signal);
  });

  test('ends with what is left, at once', async () => {
    const { open, record, count } = await underTest(statuses());
    record(2);
    await open.close(signal);
    expect(count('spans.sent')).toBe(2);
    record(1);
    expect(count('spans.lost', 'stopped')).toBe(1);
  });

  test('does not keep a program from stopping: what is left then is counted', async () => {
    const { open, record, count, server } = await underTest(() => undefined);
    record(2);
    await expect.poll(() => server.seen.length, { timeout: 10_000 }).toBe(1);
    const over = new AbortController();
    setTimeout(() => over.abort(), 200);
    await open.close(over.signal);
    expect([count('spans.sent'), count('spans.lost', 'stopped')]).toEqual([0, 2]);
  });

  test('holds no secret of the configuration in what it tells', async () => {
    const auth = { bearerToken: 'hunter2-hunter2' };
    const { open, record, failures } = await underTest(
      (seen, response) => {
        response.statusCode = 401;
        response.end(`who is ${seen.headers.authorization}?`);
      },
      { auth },
    );
    record(1);
    await open.close(signal);
    expect(failures()).toEqual([expect.stringContaining('who is Bearer ***?')]);
    expect(failures()).toEqual([expect.stringContaining('check auth')]);
  });
});
