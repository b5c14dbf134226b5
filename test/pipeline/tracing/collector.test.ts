import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../../pipeline/runtime/clock.ts';
import { tracingConfig } from '../../../pipeline/tracing/config.ts';
import { otlpTracing } from '../../../pipeline/tracing/otlp.ts';
import {
  type OtelCollector,
  plainAttributes,
  receivedSpans,
  startOtelCollector,
} from '../../services/otel-collector.ts';
import { available } from '../../services/service.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const cause = (n: number) => `00-${TRACE}-${n.toString(16).padStart(16, '0')}-01`;

describe.skipIf(!(await available('otelcol')))('spans at a real OpenTelemetry Collector [otelcol]', () => {
  let collector: OtelCollector;
  beforeAll(async () => {
    collector = await startOtelCollector('traces');
  }, 30_000);
  afterAll(() => collector.stop());

  test('arrive whole', async () => {
    const parsed = z.object({ tracing: tracingConfig }).parse({ tracing: { url: `${collector.url}/v1/traces` } });
    const failed: string[] = [];
    const { tracing, close } = otlpTracing(parsed.tracing as NonNullable<typeof parsed.tracing>, {
      version: '1.2.3',
      instance: 'wéb',
      clock: systemClock,
      report: (event) => void (event.event === 'tracing.failed' && failed.push(event.error.message)),
    });
    const sinceUs = 1_700_000_000_123_456;
    tracing
      .begin({
        name: 'window',
        role: 'consumer',
        sinceUs,
        causes: [cause(1), cause(2), cause(0xffff)],
        attributes: { messages: 3, partial: 'één', ratio: 0.25, early: true, none: undefined },
      })
      ?.end({ windows: Number.MAX_SAFE_INTEGER }, Object.assign(new Error('nó'), { code: 'lost' }));
    tracing.begin({ name: 'poll', role: 'client', attributes: {} })?.end({});
    await close(new AbortController().signal);
    expect(failed).toEqual([]);

    await expect.poll(async () => (await receivedSpans(collector)).spans.length, { timeout: 10_000 }).toBe(2);
    const { resources, scopes, spans } = await receivedSpans(collector);
    expect(resources).toEqual([
      { 'service.name': 'hypermeter', 'service.version': '1.2.3', 'service.instance.id': 'wéb' },
    ]);
    expect(scopes).toEqual([{ name: 'hypermeter', version: '1.2.3' }]);
    const [window, poll] = spans;
    expect(window).toMatchObject({
      name: 'window',
      kind: 5,
      traceId: TRACE,
      parentSpanId: '0000000000000001',
      startTimeUnixNano: '1700000000123456000',
      links: [
        { traceId: TRACE, spanId: '0000000000000002' },
        { traceId: TRACE, spanId: '000000000000ffff' },
      ],
      status: { code: 2, message: 'nó' },
    });
    expect(plainAttributes(window?.attributes)).toEqual({
      'hypermeter.messages': '3',
      'hypermeter.partial': 'één',
      'hypermeter.ratio': 0.25,
      'hypermeter.early': true,
      'hypermeter.windows': '9007199254740991',
      'error.type': 'lost',
    });
    expect(poll).toMatchObject({ name: 'poll', kind: 3, status: {} });
    expect(poll?.parentSpanId ?? '').toBe('');
    expect(poll?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(BigInt(poll?.endTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(BigInt(poll?.startTimeUnixNano ?? 1));
  });
});
