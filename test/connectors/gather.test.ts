import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gather, type Held } from '../../connectors/gather.ts';

const parcel = (partition: number, text: string): Held => ({
  hypervisor: 'h',
  partition,
  value: Buffer.from(text),
  timestampMs: 0,
});
const texts = (parcels: readonly Held[], bytes: number, slices: number) =>
  gather(parcels, bytes, slices).map(({ partition, value }) => [partition, value.toString()]);

describe('gathering', () => {
  test.each([
    ['nothing', [], 10, 10, []],
    [
      'one message a partition',
      [parcel(0, 'a'), parcel(1, 'b'), parcel(0, 'c')],
      10,
      10,
      [
        [0, 'ac'],
        [1, 'b'],
      ],
    ],
    [
      'by bytes',
      [parcel(0, 'aaa'), parcel(0, 'bb'), parcel(0, 'c')],
      5,
      10,
      [
        [0, 'aaabb'],
        [0, 'c'],
      ],
    ],
    [
      'by slices',
      [parcel(0, 'a'), parcel(0, 'b'), parcel(0, 'c')],
      9,
      2,
      [
        [0, 'ab'],
        [0, 'c'],
      ],
    ],
    [
      'one that is too large alone',
      [parcel(0, 'a'), parcel(0, 'bbbb'), parcel(0, 'c')],
      3,
      9,
      [
        [0, 'a'],
        [0, 'bbbb'],
        [0, 'c'],
      ],
    ],
  ])('%s', (_, parcels, bytes, slices, messages) => {
    expect(texts(parcels, bytes, slices)).toEqual(messages);
  });

  test('loses nothing and keeps the order within a partition', () => {
    const some = fc.array(fc.record({ partition: fc.nat(3), text: fc.string({ maxLength: 8 }) }), { maxLength: 60 });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5 }), (parcels, bytes, slices) => {
        const messages = gather(
          parcels.map(({ partition, text }) => parcel(partition, text)),
          bytes,
          slices,
        );
        for (let partition = 0; partition < 4; partition++) {
          const sent = messages
            .filter((message) => message.partition === partition)
            .map(({ value }) => value.toString());
          const put = parcels.filter((one) => one.partition === partition).map(({ text }) => text);
          expect(sent.join('')).toBe(Buffer.from(put.join('')).toString());
        }
        for (const { parcels: inside } of messages) expect(inside.length).toBeLessThanOrEqual(slices);
      }),
    );
  });
});
