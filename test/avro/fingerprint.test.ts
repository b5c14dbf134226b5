import { describe, expect, test } from 'vitest';
import { crc64Avro } from '../../avro/fingerprint.ts';
import { SCHEMAS } from '../../avro/schemas.ts';

describe('crc64Avro', () => {
  test.each([
    ['"null"', 0x63dd24e7cc258f8an],
    ['"boolean"', 0x9f42fc78a4d4f764n],
    ['"int"', 0x7275d51a3f395c8fn],
    ['"long"', 0xd054e14493f41db7n],
    ['', 0xc15d213aa4d7a795n],
  ])('%s', (canonicalForm, fingerprint) => {
    expect(crc64Avro(canonicalForm)).toBe(fingerprint);
  });

  // A change here is a new version of the contract: keep the schema as it was in avro/versions/<n>.avsc first.
  test('the current schema has the fingerprint that was published with it', () => {
    expect(SCHEMAS.current.header.toString('hex')).toBe('c301751160b88f9a3947');
  });

  test('those before it are known by theirs', () => {
    expect([...SCHEMAS.known.keys()].map((key) => Buffer.from(key, 'latin1').toString('hex'))).toEqual([
      '1554fe68b4e797e6',
      '751160b88f9a3947',
    ]);
  });
});
