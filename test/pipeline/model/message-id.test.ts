import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { uuidV5 } from '../../../pipeline/model/message-id.ts';

const NAMESPACE = Buffer.from('8f6f3a5e2c1d4b7a9e0d5c3b2a190f7e', 'hex');

test.each(['', 'a', '5c5c/1/vda|cpu|0|60000000|0', 'Gerät', 'x'.repeat(500)])(
  'is the UUIDv5 of %j by the words of RFC 9562',
  (name) => {
    const bytes = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
    const id = Buffer.from(uuidV5(name).replaceAll('-', ''), 'hex');
    expect(uuidV5(name)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    expect(id.equals(bytes)).toBe(true);
  },
);

test('stays what it was: ids are kept by receivers', () => {
  const name = '5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c/1/vda|disk.device.read.bytes.delta|1767225600000000|60000000|0';
  expect(uuidV5(name)).toBe('0a092cad-6d2e-538f-b540-ca64384d006d');
});
