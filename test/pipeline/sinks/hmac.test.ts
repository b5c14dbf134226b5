import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHmacAfterBlock, KEY_BYTES } from '../../../pipeline/sinks/hmac.ts';

it('is HMAC-SHA256 for every key and text, however often', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.array(fc.uint8Array({ maxLength: 300 })), (key, texts) => {
      const hmac = createHmacAfterBlock(key);
      for (const text of texts) {
        const bytes = Buffer.concat([Buffer.alloc(KEY_BYTES, 0xaa), text]);
        const expected = createHmac('sha256', key).update(text);
        expect(hmac(bytes, 'hex')).toBe(expected.digest('hex'));
        const raw = Buffer.from(hmac(bytes, 'binary'), 'latin1');
        expect(raw.toString('hex')).toBe(createHmac('sha256', key).update(text).digest('hex'));
      }
    }),
  );
});
