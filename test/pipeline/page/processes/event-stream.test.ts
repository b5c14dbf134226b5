import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventCutter } from '../../../../pipeline/page/processes/event-stream.ts';
import { eventText } from '../../../../pipeline/page/viewers.ts';

const cut = (...parts: readonly (string | Uint8Array)[]) => {
  const cutter = new EventCutter();
  return parts.flatMap((part) => cutter.take(typeof part === 'string' ? Buffer.from(part) : part));
};

describe('a stream of events', () => {
  it('is read as it was told, wherever it was cut', () => {
    const told = fc.array(fc.tuple(fc.constantFrom('fleet', 'overview'), fc.jsonValue()), { maxLength: 4 });
    fc.assert(
      fc.property(told, fc.array(fc.nat(400)), (events, cuts) => {
        const bytes = Buffer.from(events.map(([name, content]) => eventText(name, content)).join(''));
        const ends = [...cuts.filter((at) => at < bytes.length), bytes.length].sort((a, b) => a - b);
        const read = cut(...ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)));
        expect(read).toEqual(events.map(([name, content]) => ({ name, text: JSON.stringify(content) })));
      }),
    );
  });

  it.each([
    ['retry: 2000\n\n', []],
    [': a comment\n\n', []],
    ['event: fleet\ndata: {"a":1}\n', []],
    ['event: fleet\r\ndata: a\r\ndata: b\r\n\r\n', [{ name: 'fleet', text: 'a\nb' }]],
    ['data:x\nid: 7\nstrange\n\n', [{ name: '', text: 'x' }]],
    ['event: fleet\n\ndata: x\n\n', [{ name: '', text: 'x' }]],
  ])('%j', (text, events) => {
    expect(cut(text)).toEqual(events);
  });

  it('is bounded: an event that does not end is not kept for ever', () => {
    const cutter = new EventCutter(100);
    cutter.take(Buffer.from(`data: ${'x'.repeat(80)}\n\n`));
    cutter.take(Buffer.from(`data: ${'x'.repeat(80)}\n`));
    expect(() => cutter.take(Buffer.from('data: 234567890'))).toThrow('an event is longer than 100 characters');
  });
});
