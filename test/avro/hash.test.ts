import { describe, expect, test } from 'vitest';
import { hash52, hash52Of } from '../../avro/hash.ts';

describe('hash52', () => {
  // Hashes are kept in state: what is listed here may never change.
  test.each([
    ['', 3750038144930697],
    ['vda', 3150092781730360],
    ['fa:16:3e:11:22:33', 1660491079255812],
    ['kvm1/1700000000000000/4711', 2393047491816596],
    ['grüße', 1615041854883678],
  ])('of %j is what it always was', (text, hash) => {
    expect(hash52Of(text)).toBe(hash);
  });

  test('is an exact integer of at most 52 bits, and not 0', () => {
    for (let index = 0; index < 1000; index++) {
      const hash = hash52Of(`disk${index}`);
      expect(Number.isSafeInteger(hash) && hash > 0 && hash < 2 ** 52).toBe(true);
    }
  });

  test('tells 200 000 similar names apart', () => {
    const hashes = new Set<number>();
    for (let index = 0; index < 100_000; index++) {
      hashes.add(hash52Of(`fa:16:3e:${index.toString(16)}`));
      hashes.add(hash52Of(`${index}`));
    }
    expect(hashes.size).toBe(200_000);
  });

  test('tells trailing zeros from none', () => {
    const zeros = Buffer.alloc(9);
    expect(new Set(Array.from({ length: 9 }, (_, length) => hash52(zeros, 0, length))).size).toBe(9);
  });

  test('depends on the bytes in the range only', () => {
    const bytes = Buffer.from('..vda..');
    expect(hash52(bytes, 2, 5)).toBe(hash52Of('vda'));
  });
});
