import fc from 'fast-check';
import { expect, it } from 'vitest';
import { add, difference, narrow, share, toAmount, toBigInt } from '../../../pipeline/model/uint64.ts';

const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const hi = (value: bigint): number => Number(value >> 32n);
const lo = (value: bigint): number => Number(value & 0xffffffffn);

it('tells differences exactly or not at all', () => {
  fc.assert(
    fc.property(uint64, uint64, (a, b) => {
      const d = difference(hi(a), lo(a), hi(b), lo(b));
      if (Number.isNaN(d)) expect(Number.isSafeInteger(Number(a - b))).toBe(false);
      else expect(BigInt(d)).toBe(a - b);
    }),
  );
});

it('tells small differences of large counters', () => {
  fc.assert(
    fc.property(uint64, fc.bigInt({ min: 0n, max: 1n << 40n }), (a, d) => {
      const b = a >= d ? a - d : a;
      expect(difference(hi(a), lo(a), hi(b), lo(b))).toBe(Number(a - b));
    }),
  );
});

it('keeps every counter', () => {
  fc.assert(
    fc.property(uint64, (a) => {
      expect(toBigInt(hi(a), lo(a))).toBe(a);
      expect(BigInt(toAmount(hi(a), lo(a)))).toBe(a);
    }),
  );
});

it('shares exactly: floor of amount × part / whole, whatever the size', () => {
  const span = fc.integer({ min: 1, max: 4_000_000_000_000 });
  fc.assert(
    fc.property(uint64, span, fc.double({ min: 0, max: 1, noNaN: true }), (amount, whole, ratio) => {
      const part = Math.floor(whole * ratio);
      expect(BigInt(share(narrow(amount), part, whole))).toBe((amount * BigInt(part)) / BigInt(whole));
    }),
    { numRuns: 2000 },
  );
});

it('adds exactly', () => {
  const amount = fc.bigInt({ min: -(1n << 64n), max: 1n << 64n });
  fc.assert(
    fc.property(amount, amount, (a, b) => {
      expect(BigInt(add(narrow(a), narrow(b)))).toBe(a + b);
    }),
  );
});
