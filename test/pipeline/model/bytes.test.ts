import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReader, createWriter } from '../../../pipeline/model/bytes.ts';
import { SavedStateError } from '../../../pipeline/model/saved-error.ts';

const anything = fc.record({
  count: fc.maxSafeNat(),
  double: fc.double(),
  doubles: fc.array(fc.double()),
  text: fc.string({ unit: 'grapheme' }),
  amount: fc.oneof(fc.constant(null), fc.double(), fc.bigInt()),
});

interface Anything {
  readonly count: number;
  readonly double: number;
  readonly doubles: readonly number[];
  readonly text: string;
  readonly amount: number | bigint | null;
}

function write({ count, double, doubles, text, amount }: Anything): Buffer {
  const writer = createWriter();
  writer.count(count);
  writer.double(double);
  writer.doubles(doubles);
  writer.text(text);
  writer.amount(amount);
  return writer.take();
}

test('what is written is read', () => {
  fc.assert(
    fc.property(anything, (each) => {
      const reader = createReader('it', write(each));
      const read = {
        count: reader.count(),
        double: reader.double(),
        doubles: reader.doubles(),
        text: reader.text(),
        amount: reader.amount(),
      };
      reader.end();
      expect(read).toEqual(each);
    }),
  );
});

test('what ends too early is an error that says where', () => {
  fc.assert(
    fc.property(anything, fc.nat(), (each, cut) => {
      const bytes = write(each);
      const read = () => {
        const reader = createReader('it', bytes.subarray(0, cut % bytes.length));
        return [reader.count(), reader.double(), reader.doubles(), reader.text(), reader.amount()];
      };
      expect(read).toThrow(SavedStateError);
      expect(read).toThrow(/^it cannot be read at byte \d+ of \d+$/);
    }),
  );
});

test('a number of things that the rest cannot hold is not made room for', () => {
  const writer = createWriter();
  writer.count(2 ** 40);
  expect(() => createReader('it', writer.take()).doubles()).toThrow(SavedStateError);
});

test('what is left over is an error', () => {
  expect(() => createReader('it', Buffer.of(1)).end()).toThrow('byte 0 of 1');
});
