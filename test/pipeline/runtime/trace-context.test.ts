import { expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent } from '../../../pipeline/runtime/trace-context.ts';
import { causesOf, faultOf, MAX_CAUSES, tracedAttributes } from '../../../pipeline/runtime/tracing.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test.each([
  // The examples of W3C Trace Context, and a version that does not exist yet.
  [`00-${TRACE}-${SPAN}-01`, { traceId: TRACE, spanId: SPAN, sampled: true }],
  [`00-${TRACE}-${SPAN}-00`, { traceId: TRACE, spanId: SPAN, sampled: false }],
  [`00-${TRACE}-${SPAN}-03`, { traceId: TRACE, spanId: SPAN, sampled: true }],
  [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, { traceId: TRACE, spanId: SPAN, sampled: true }],
  ['', null],
  ['00', null],
  [`ff-${TRACE}-${SPAN}-01`, null],
  [`00-${TRACE}-${SPAN}-01-more`, null],
  [`00-${TRACE}-${SPAN}`, null],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, null],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, null],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, null],
  [`00-${TRACE}-${SPAN}-zz`, null],
  [` 00-${TRACE}-${SPAN}-01`, null],
  [`cc-${TRACE}-${SPAN}-01-${'x'.repeat(1000)}`, null],
])('%s', (text, context) => {
  expect(parseTraceparent(text)).toEqual(context);
});

test('is written as it is read', () => {
  const text = `00-${TRACE}-${SPAN}-01`;
  const context = parseTraceparent(text);
  expect(context && formatTraceparent(context)).toBe(text);
});

test('causes are those that are recorded, each once, and bounded', () => {
  const numbered = (n: number) => `00-${TRACE}-${(n + 1).toString(16).padStart(16, '0')}-01`;
  const many = Array.from({ length: 100 }, (_, n) => numbered(n));
  expect(causesOf(undefined)).toEqual([]);
  expect(causesOf([`00-${TRACE}-${SPAN}-00`, 'garbage', many[0] as string, many[0] as string])).toHaveLength(1);
  expect(causesOf(many)).toHaveLength(MAX_CAUSES);
});

test('what is told of a span holds no password, and is bounded', () => {
  expect(tracedAttributes({ partial: 'amqp://u:hunter2@h is gone', early: undefined, calls: 0 })).toEqual({
    'hypermeter.partial': 'amqp://u:***@h is gone',
    'hypermeter.calls': 0,
  });
  const error = Object.assign(new Error(`amqp://u:hunter2@h ${'x'.repeat(10_000)}`), { code: 'lost' });
  expect(faultOf(error)).toEqual({ type: 'lost', message: expect.stringMatching(/^amqp:\/\/u:\*\*\*@h x{480,490}$/) });
  expect(faultOf(new TypeError('no')).type).toBe('TypeError');
});
