import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSnapshots, encodeSnapshot } from '../../avro/codec.ts';
import { MAX_VALUE_BYTES } from '../../avro/cursor.ts';
import { DecodeError } from '../../avro/decode-error.ts';
import { SliceReader } from '../../avro/reader.ts';
import { SCHEMAS } from '../../avro/schemas.ts';
import { snapshots } from './arbitrary.ts';
import { INSTANCE, SNAPSHOT } from './examples.ts';
import { unroll, unrolled } from './unroll.ts';

const reader = new SliceReader();
const { header } = SCHEMAS.current;
const whole = encodeSnapshot(SNAPSHOT);

/** A long as Avro writes it. */
function long(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** Source and poll of a Snapshot without a host, up to where the count of its instances stands. */
const empty = encodeSnapshot({ ...SNAPSHOT, instances: [] });
const upToInstances = empty.subarray(0, empty.length - 1);
const instances = (...parts: readonly Buffer[]): Buffer => Buffer.concat([upToInstances, ...parts]);
const encodedInstance = whole.subarray(upToInstances.length + 1, whole.length - 1);

describe.each([
  ['decodeSnapshots', (value: Buffer) => decodeSnapshots(value)],
  ['SliceReader', (value: Buffer) => reader.read(value)],
])('%s refuses', (_name, read) => {
  test.each<[string, string, Buffer, number?]>([
    ['nothing at all', 'magic', Buffer.alloc(0), 0],
    ['other bytes', 'magic', Buffer.from('hello, world'), 0],
    ['half a header', 'truncated', header.subarray(0, 5), 0],
    ['a schema not known', 'unknown_schema', Buffer.from('c3010000000000000000', 'hex'), 0],
    ['a header alone', 'truncated', header, 10],
    ['garbage after a Snapshot', 'trailing', Buffer.concat([whole, Buffer.from('x')]), whole.length],
    ['half a header after a Snapshot', 'truncated', Buffer.concat([whole, header.subarray(0, 3)]), whole.length],
    ['a string of negative length', 'malformed', Buffer.concat([header, long(-1n)])],
    ['a string longer than the value', 'truncated', Buffer.concat([header, long(100n)])],
    ['a string of 2^40 bytes', 'too_large', Buffer.concat([header, long(1n << 40n)])],
    ['a string of 2^62 bytes', 'malformed', Buffer.concat([header, long(1n << 62n)])],
    ['a string that is not UTF-8', 'malformed', Buffer.concat([header, long(2n), Buffer.of(0xc3, 0x28)])],
    ['more instances than bytes', 'truncated', instances(long(1_000_000n))],
    ['2^40 instances', 'too_large', instances(long(1n << 40n))],
    ['-2^40 instances', 'too_large', instances(long(-(1n << 40n)), long(8n))],
    ['-2^63 instances', 'malformed', instances(long(-(1n << 63n)), long(8n))],
    ['a block of negative size', 'malformed', instances(long(-1n), long(-1n), encodedInstance, long(0n))],
    ['a block that belies its size', 'malformed', instances(long(-1n), long(3n), encodedInstance, long(0n))],
    ['a number of eleven bytes', 'malformed', instances(Buffer.alloc(10, 0x80), Buffer.of(0))],
    ['a number of 65 bits', 'malformed', instances(Buffer.alloc(9, 0x80), Buffer.of(2))],
  ])('%s: %s', (_what, code, value, position) => {
    expect(() => read(value)).toThrow(DecodeError);
    expect(() => read(value)).toThrow(
      expect.objectContaining({ code, ...(position === undefined ? {} : { position }) }),
    );
  });

  test('a value beyond the limit: too_large', () => {
    expect(() => read(Buffer.alloc(MAX_VALUE_BYTES + 1))).toThrow(expect.objectContaining({ code: 'too_large' }));
  });

  test('a row whose disks are not its instance’s: malformed', () => {
    const { current } = SCHEMAS;
    for (const row of [{ disks: [] }, { nics: [] }]) {
      const instance = { ...INSTANCE, rows: INSTANCE.rows.map((before) => ({ ...before, ...row })) };
      const value = Buffer.concat([header, current.type.toBuffer({ ...SNAPSHOT, instances: [instance] })]);
      expect(() => read(value)).toThrow(expect.objectContaining({ code: 'malformed' }));
    }
  });

  test('any truncation', () => {
    for (let length = 0; length < whole.length; length++)
      expect(() => read(whole.subarray(0, length))).toThrow(DecodeError);
  });
});

test('blocks with their size in front are read by both', () => {
  const value = instances(
    long(-1n),
    long(BigInt(encodedInstance.length)),
    encodedInstance,
    long(1n),
    encodedInstance,
    long(0n),
  );
  const expected = [{ ...SNAPSHOT, instances: [INSTANCE, INSTANCE] }];
  expect(decodeSnapshots(value)).toEqual(expected);
  expect(unroll(reader.read(value))).toEqual(unrolled(expected));
});

test('after any damage both read the same, or both refuse with a DecodeError', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(snapshots, damage, (given, flips) => {
      const value = Buffer.concat(given.map((one) => encodeSnapshot(one)));
      for (const [at, bits] of flips) {
        const position = at % value.length;
        value[position] = (value[position] as number) ^ bits;
      }
      const slow = attempt(() => unrolled(decodeSnapshots(value)));
      const hot = attempt(() => unroll(reader.read(value)));
      expect(hot).toEqual(slow);
    }),
    { numRuns: 2000 },
  );
});

/** What came out, or 'refused' for a DecodeError; any other error is the test's failure. */
function attempt<T>(read: () => T): T | 'refused' {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return 'refused';
    throw error;
  }
}
