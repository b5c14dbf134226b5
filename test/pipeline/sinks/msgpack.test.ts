import { readFileSync } from 'node:fs';
import { decode, encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float64 } from '../../../pipeline/sinks/float64.ts';
import { MsgpackError, unpacked, unpackedAll } from '../../../pipeline/sinks/msgpack-reader.ts';
import { packed, packedAll } from '../../../pipeline/sinks/msgpack-writer.ts';
import { parseLossless } from './lossless-json.ts';

const load = (file: string) => JSON.parse(readFileSync(new URL(`vectors/${file}`, import.meta.url), 'utf8'));
interface Recorded {
  readonly id: string;
  readonly hex: string;
  readonly text: string;
}
const recorded: readonly Recorded[] = [
  ...load('udp-datagrams.json').datagrams.map((each: Record<string, string>) => ({
    id: each.id,
    hex: each.hex,
    text: each.decoded_json,
  })),
  ...load('tcp-frames.json').frames.map((each: Record<string, string>, index: number) => ({
    id: `tcp-${index}`,
    hex: each.body_hex,
    text: each.decoded_json,
  })),
];

/** Whole floats have no JavaScript number of their own: our writer makes integers of them, the other one too. */
const values = fc.letrec((self) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
    fc.integer(),
    fc.maxSafeInteger().filter((value) => !Object.is(value, -0)),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.string({ minLength: 200, maxLength: 300 }),
    fc.array(self('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string({ unit: 'binary', maxLength: 40 }).filter((key) => key !== '__proto__'),
      self('value'),
      {
        maxKeys: 20,
        noNullPrototype: true,
      },
    ),
  ),
})).value;

/** @msgpack/msgpack in its bigint mode writes every bigint as 64 bits, and every number that fits as an integer. */
const reference = (value: unknown): Uint8Array => encode(value, { useBigInt64: true });
const widened = (value: unknown): unknown => {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value) && (value > 0xffffffff || value < -0x80000000))
    return BigInt(value);
  if (Array.isArray(value)) return value.map(widened);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, widened(field)]));
  return value;
};

describe('msgpack', () => {
  it.each(recorded)("writes and reads Ceilometer's own $id to the byte", ({ hex, text }) => {
    const message = parseLossless(text);
    expect(packed(message).toString('hex')).toBe(hex);
    expect(unpacked(Buffer.from(hex, 'hex'), float64)).toEqual(message);
  });

  it('writes what @msgpack/msgpack writes, and reads it back', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = packed(value);
        expect(bytes.toString('hex')).toBe(Buffer.from(reference(widened(value))).toString('hex'));
        expect(unpacked(bytes)).toEqual(value);
        expect(decode(bytes, { useBigInt64: true })).toEqual(widened(value));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [0n, '00'],
    [-1n, 'ff'],
    [-33n, 'd0df'],
    [65536n, 'ce00010000'],
    [2n ** 32n, 'cf0000000100000000'],
    [2n ** 64n - 1n, 'cfffffffffffffffff'],
    [-(2n ** 63n), 'd38000000000000000'],
    [1e16, 'cf002386f26fc10000'],
    [-0, '00'],
    [0.5, 'cb3fe0000000000000'],
  ])('writes %s in its smallest form', (value, hex) => {
    expect(packed(value).toString('hex')).toBe(hex);
  });

  it('copies what is packed already', () => {
    const bytes = packed({ b: [2] });
    expect(packedAll([1, bytes, 'x'])).toEqual(Buffer.concat([packed(1), bytes, packed('x')]));
    expect(unpackedAll(packedAll([1, bytes, 'x']))).toEqual([1, { b: [2] }, 'x']);
  });

  it('grows for large values of any kind', () => {
    const large = { text: 'é'.repeat(70_000), list: Array.from({ length: 70_000 }, (_, index) => index) };
    expect(unpacked(packed(large))).toEqual(large);
  });

  it.each([[2n ** 64n], [-(2n ** 63n) - 1n], [1e300]])('refuses the integer %s', (value) => {
    expect(() => packed(value)).toThrow(RangeError);
  });

  it.each([[undefined], [() => 1], [Symbol('x')]])('refuses %s', (value) => {
    expect(() => packed({ value })).toThrow(TypeError);
  });

  it.each([
    ['nothing', ''],
    ['a cut integer', 'cf00'],
    ['a cut text', 'a561'],
    ['an array longer than its bytes', 'ddffffffff01'],
    ['a map longer than its bytes', 'dfffffffff01'],
    ['bytes after the value', '0101'],
    ['a key that is no text', '810101'],
    ['a key twice', '82a16101a16102'],
    ['text that is not UTF-8', 'a1ff'],
    ['an extension type', 'd40100'],
    ['the byte that is never used', 'c1'],
    ['nesting without end', '91'.repeat(70)],
  ])('refuses %s', (_what, hex) => {
    expect(() => unpacked(Buffer.from(hex, 'hex'))).toThrow(MsgpackError);
  });

  it('lets no key of a sender reach a prototype', () => {
    const message = unpacked(Buffer.from('81a95f5f70726f746f5f5f80', 'hex')) as Record<string, unknown>;
    expect(Object.keys(message)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('throws nothing but a MsgpackError whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          unpacked(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MsgpackError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
