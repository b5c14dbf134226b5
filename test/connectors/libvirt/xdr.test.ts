import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError, XdrReader, XdrWriter } from '../../../connectors/libvirt/xdr.ts';

const U64 = 2n ** 64n - 1n;
const I64 = 2n ** 63n;

describe('XDR', () => {
  it('reads back whatever was written', () => {
    const values = fc.record({
      int: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      uint: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      hyper: fc.bigInt({ min: -I64, max: I64 - 1n }),
      uhyper: fc.bigInt({ min: 0n, max: U64 }),
      string: fc.string({ unit: 'binary' }),
      optional: fc.option(fc.string()),
    });
    fc.assert(
      fc.property(values, (value) => {
        const bytes = new XdrWriter()
          .int(value.int)
          .uint(value.uint)
          .hyper(value.hyper)
          .uhyper(value.uhyper)
          .string(value.string)
          .optional(value.optional, (to, text) => to.string(text)).bytes;
        expect(bytes.length % 4).toBe(0);
        const from = new XdrReader(bytes);
        expect({
          int: from.int(),
          uint: from.uint(),
          hyper: from.hyper(),
          uhyper: from.uhyper(),
          string: from.string(),
          optional: from.optional((item) => item.string()),
        }).toEqual({ ...value, string: Buffer.from(value.string).toString() });
        expect(from.left).toBe(0);
      }),
    );
  });

  it('writes the bytes of RFC 4506', () => {
    expect(new XdrWriter().int(-1).string('abcde').bytes.toString('hex')).toBe(
      'ffffffff' + '00000005' + '6162636465000000',
    );
  });

  it.each<[string, string, (from: XdrReader) => unknown]>([
    ['an int', '0000', (from) => from.int()],
    ['a hyper', '00000000', (from) => from.uhyper()],
    ['a string', '0000000561626364', (from) => from.string()],
    ["a string's padding", '000000056162636465', (from) => from.string()],
    ['a string of 4 GiB', 'ffffffff61', (from) => from.string()],
    ['more items than bytes', '0000ffff00000000', (from) => from.array(70_000, 4, (item) => item.int())],
    ['more items than allowed', '00000002' + '0000000000000000', (from) => from.array(1, 4, (item) => item.int())],
    ['a flag that is neither', '00000002', (from) => from.optional((item) => item.int())],
  ])('refuses %s', (_, hex, read) => {
    expect(() => read(new XdrReader(Buffer.from(hex, 'hex')))).toThrow(ProtocolError);
  });
});
