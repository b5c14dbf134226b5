import { describe, expect, test } from 'vitest';
import { readTraceHeaders, traceHeaders } from '../../../pipeline/kafka/trace-headers.ts';
import { MAX_CAUSES } from '../../../pipeline/runtime/tracing.ts';

const numbered = (n: number) => `00-0af7651916cd43dd8448eb211c80319c-${(n + 1).toString(16).padStart(16, '0')}-01`;
const many = Array.from({ length: 500 }, (_, n) => numbered(n));
/** Headers as they come out of Kafka. */
const arrived = (headers: Readonly<Record<string, string>> = {}) =>
  Object.entries(headers).map(([name, value]) => ({ [name]: Buffer.from(value) }));

describe('trace headers', () => {
  test('are none where nothing is traced', () => {
    expect(traceHeaders([])).toBeUndefined();
    expect(traceHeaders([undefined, undefined])).toBeUndefined();
  });

  test('hold the first where every tool looks for it, and the others beside it', () => {
    expect(traceHeaders([undefined, numbered(0)])).toEqual({ traceparent: numbered(0) });
    expect(traceHeaders([numbered(0), undefined, numbered(1), numbered(0), numbered(2)])).toEqual({
      traceparent: numbered(0),
      'hypermeter-traces': `${numbered(1)},${numbered(2)}`,
    });
  });

  test('come back as they were, and no more than are kept', () => {
    for (const count of [1, 2, MAX_CAUSES])
      expect(readTraceHeaders(arrived(traceHeaders(many.slice(0, count))))).toEqual(many.slice(0, count));
    expect(readTraceHeaders(arrived(traceHeaders(many)))).toEqual(many.slice(0, MAX_CAUSES));
  });

  test('of others are passed over: none, foreign ones, none of ours first, too long ones, no text', () => {
    expect(readTraceHeaders(undefined)).toBeUndefined();
    expect(readTraceHeaders([])).toBeUndefined();
    expect(readTraceHeaders(arrived({ tracestate: 'x=y' }))).toBeUndefined();
    expect(readTraceHeaders(arrived({ 'hypermeter-traces': numbered(0) }))).toBeUndefined();
    expect(readTraceHeaders(arrived({ traceparent: 'x'.repeat(1_000_000) }))).toBeUndefined();
    expect(readTraceHeaders(arrived({ traceparent: numbered(0), 'hypermeter-traces': 'x'.repeat(1_000_000) }))).toEqual(
      [numbered(0)],
    );
    expect(readTraceHeaders([{ traceparent: 7 }])).toBeUndefined();
  });
});
