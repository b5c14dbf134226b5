import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { uuidV5, uuidV5In } from '../../../pipeline/model/message-id.ts';

const DNS = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');

test('a name in a namespace has the id that RFC 9562 (A.4) gives it', () => {
  expect(uuidV5In(DNS, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

test.each(['', 'a', '5c5c/1/vda|cpu|0|60000000|0', 'Gerät', 'x'.repeat(500)])(
  'is the UUIDv5 of %j by the words of RFC 9562',
  (name) => {
    const bytes = createHash('sha1').update(DNS).update(name).digest().subarray(0, 16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const id = uuidV5In(DNS, name);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(id.replaceAll('-', '')).toBe(bytes.toString('hex'));
  },
);

test('stays what it was: ids are kept by receivers', () => {
  const name = '5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c/1/vda|disk.device.read.bytes.delta|1767225600000000|60000000|0';
  expect(uuidV5(name)).toBe('0a092cad-6d2e-538f-b540-ca64384d006d');
});
