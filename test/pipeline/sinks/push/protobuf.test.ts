import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createProtobufWriter } from '../../../../pipeline/sinks/push/protobuf.ts';
import { doubleOf, integerOf, messages, packedOf, readMessage, textOf } from './a-protobuf-reader.ts';

const hexOf = (write: (writer: ReturnType<typeof createProtobufWriter>) => void): string => {
  const writer = createProtobufWriter();
  write(writer);
  return writer.take().toString('hex');
};

// The first two are the examples of Protocol Buffers' own page on encoding.
test.each([
  ['a varint', hexOf((to) => to.varint(1, 150)), '089601'],
  ['a text', hexOf((to) => to.text(2, 'testing')), '120774657374696e67'],
  ['a message', hexOf((to) => to.message(3, () => to.varint(1, 150))), '1a03089601'],
  ['a packed list', hexOf((to) => to.packed(6, [3, 270, 86_942])), '3206038e029ea705'],
  ['a negative integer', hexOf((to) => to.varint(1, -1)), '08ffffffffffffffffff01'],
  ['a double', hexOf((to) => to.double(1, 1)), '09000000000000f03f'],
  ['a high field', hexOf((to) => to.varint(16, 1)), '800101'],
  ['an empty message', hexOf((to) => to.message(1, () => undefined)), '0a00'],
])('writes %s', (_what, hex, expected) => {
  expect(hex).toBe(expected);
});

test('writes what is read back, whatever its size', () => {
  const writer = createProtobufWriter();
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.maxSafeNat(),
      fc.double({ noNaN: true }),
      fc.string({ unit: 'grapheme', maxLength: 40_000, size: 'max' }),
      fc.array(fc.nat(), { maxLength: 300 }),
      (big, safe, double, text, list) => {
        writer.message(1, () => {
          writer.varint(1, big);
          writer.varint(2, safe);
          writer.fixed64(3, big);
          writer.double(4, double);
          writer.message(5, () => writer.text(1, text));
          writer.packed(6, list);
        });
        const [read] = messages(readMessage(writer.take()), 1);
        if (!read) throw new Error('no message');
        const back = [integerOf(read, 1), integerOf(read, 2), integerOf(read, 3), doubleOf(read, 4)];
        expect(back).toEqual([big, BigInt(safe), big, double]);
        expect(messages(read, 5).map((inner) => textOf(inner, 1))).toEqual([text]);
        expect(packedOf(read, 6)).toEqual(list);
      },
    ),
    { numRuns: 200 },
  );
});
