import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SliceHeader } from '../../../avro/batch.ts';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { SliceReader } from '../../../avro/reader.ts';
import { createHold, type HeldSlice, hold, release } from '../../../pipeline/model/hold.ts';
import { createProgress, sourceOf } from '../../../pipeline/model/progress.ts';
import { pollOf } from './polls.ts';

const batch = new SliceReader().read(encodeSnapshot(pollOf(0, [])));
const header = batch.slices[0] as SliceHeader;
const source = sourceOf(createProgress(), header.source);
const slice = (time: number, arrival: number): HeldSlice => ({
  time,
  arrival,
  offset: 0,
  index: 0,
  batch,
  header,
  source,
  instances: [],
  watermark: 0,
  lateBefore: [],
  screen: { now: 0, anchor: Number.NaN, shift: 0, stepped: false },
});

/** Slices to come or a watermark to release up to. */
const steps = fc.array(fc.oneof(fc.record({ time: fc.nat(5) }), fc.record({ watermark: fc.nat(5) })), {
  maxLength: 60,
});

describe('the reorder buffer', () => {
  test('gives back what the watermark has passed, by time and then by arrival, and keeps the rest', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const buffer = createHold();
        let waiting: HeldSlice[] = [];
        for (const step of all) {
          if ('time' in step) {
            const next = slice(step.time, buffer.arrivals++);
            waiting.push(next);
            hold(buffer, next);
            continue;
          }
          const passed = waiting
            .filter(({ time }) => time <= step.watermark)
            .sort((a, b) => a.time - b.time || a.arrival - b.arrival);
          waiting = waiting.filter(({ time }) => time > step.watermark);
          for (const expected of passed) expect(release(buffer, step.watermark)).toBe(expected);
          expect(release(buffer, step.watermark)).toBeUndefined();
          expect(buffer.heap).toHaveLength(waiting.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
