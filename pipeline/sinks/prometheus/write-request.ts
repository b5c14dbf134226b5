import { createProtobufWriter } from '../push/protobuf.ts';
import type { Series } from './series.ts';

/**
 * The two messages of Prometheus remote-write, before snappy's block format:
 *
 *   1.0  WriteRequest { 1: TimeSeries… }
 *        TimeSeries { 1: Label…  2: Sample… }   Label { 1: name  2: value }
 *        Sample { 1: double value  2: int64 ms }
 *   2.0  Request { 4: text symbols…  5: TimeSeries… }, symbols[0] is empty
 *        TimeSeries { 1: packed references to symbols, name and value by turns  2: Sample…  5: Metadata }
 *        Sample { 1: double value  2: int64 ms  3: int64 ms since when it counts }
 *        Metadata { 1: type (1 counter, 2 gauge)  4: reference to the unit }
 *
 * Neither has a field of the other: who takes one for the other finds no series in it.
 */

const COUNTER = 1;
const GAUGE = 2;
const writer = createProtobufWriter();

/** Series as a WriteRequest of remote-write 1.0; it has no place for units and starts. */
export function writeRequestV1(all: readonly Series[]): Buffer {
  for (const { labels, points } of all) {
    writer.message(1, () => {
      for (let i = 0; i + 1 < labels.length; i += 2) {
        writer.message(1, () => {
          writer.text(1, labels[i] as string);
          writer.text(2, labels[i + 1] as string);
        });
      }
      for (const { value, timeMs } of points) {
        writer.message(2, () => {
          writer.double(1, value);
          writer.varint(2, timeMs);
        });
      }
    });
  }
  return writer.take();
}

/** Series as a Request of remote-write 2.0. */
export function writeRequestV2(all: readonly Series[]): Buffer {
  const symbols = new Map<string, number>([['', 0]]);
  const refOf = (text: string): number => {
    const known = symbols.get(text);
    if (known !== undefined) return known;
    symbols.set(text, symbols.size);
    return symbols.size - 1;
  };
  const referred = all.map(({ labels, unit }) => ({ labels: labels.map(refOf), unit: refOf(unit) }));
  for (const symbol of symbols.keys()) writer.text(4, symbol);
  all.forEach(({ type, points }, index) => {
    const refs = referred[index] as (typeof referred)[number];
    writer.message(5, () => {
      writer.packed(1, refs.labels);
      for (const { value, timeMs, startMs } of points) {
        writer.message(2, () => {
          writer.double(1, value);
          writer.varint(2, timeMs);
          if (startMs > 0) writer.varint(3, startMs);
        });
      }
      writer.message(5, () => {
        writer.varint(1, type === 'counter' ? COUNTER : GAUGE);
        if (refs.unit > 0) writer.varint(4, refs.unit);
      });
    });
  });
  return writer.take();
}
