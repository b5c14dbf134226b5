import { expect, test } from 'vitest';
import { uuidV5, uuidV5In } from '../../../pipeline/model/message-id.ts';

const DNS = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');

test('a name in a namespace has the id that RFC 9562 (A.4) gives it', () => {
  expect(uuidV5In(DNS, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

test('the same name gives the same id, another another', () => {
  expect(uuidV5('a')).toBe(uuidV5('a'));
  expect(uuidV5('b')).not.toBe(uuidV5('a'));
  expect(uuidV5('a')).not.toBe(uuidV5In(DNS, 'a'));
});

test('a name is its UTF-8 bytes', () => {
  expect(uuidV5In(DNS, 'ü')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuidV5In(DNS, 'ü')).not.toBe(uuidV5In(DNS, 'u'));
});
