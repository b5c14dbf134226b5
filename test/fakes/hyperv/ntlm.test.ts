import { describe, expect, it } from 'vitest';
import { md4 } from './md4.ts';
import { FLAGS } from './ntlm-messages.ts';
import { SealError, Sealing, sealKey, signKey } from './ntlm-seal.ts';
import { ntlmHash } from './ntlm-server.ts';
import { Rc4 } from './rc4.ts';
import { isSealed, SEALED_TYPE, sealBody, unsealBody } from './sealed-body.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('MD4', () => {
  // RFC 1320, A.5
  it.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    [
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
      'e33b4ddc9c38f2199c3e7b164fcc0536',
    ],
  ])('of %j', (text, digest) => expect(md4(Buffer.from(text)).toString('hex')).toBe(digest));
});

it('RC4 goes on where it was', () => {
  // RFC 6229, the key 0102030405
  const stream = new Rc4(hex('0102030405'));
  expect(stream.apply(Buffer.alloc(16))).toEqual(hex('b2396305f03dc027ccc3524a0a1118a8'));
  expect(stream.apply(Buffer.alloc(16))).toEqual(hex('6982944f18fc82d589c403a47a0d0919'));
});

describe('the example of [MS-NLMP] §4.2.4', () => {
  const flags = FLAGS.key128 | FLAGS.keyExchange | FLAGS.extendedSessionSecurity | FLAGS.seal | FLAGS.sign;
  const key = Buffer.alloc(16, 0x55);

  it('has this hash of the password', () =>
    expect(ntlmHash('Password', 'User', 'Domain')).toEqual(hex('0c868a403bfd7a93a3001ef22ef02e3f')));

  it('has these keys', () => {
    expect(signKey(key, 'client')).toEqual(hex('4788dc861b4782f35d43fd98fe1a2d39'));
    expect(sealKey(flags, key, 'client')).toEqual(hex('59f600973cc4960a25480a7c196e4c58'));
  });

  it('seals to these bytes, and back', () => {
    const plain = Buffer.from('Plaintext', 'utf16le');
    const { sealed, signature } = new Sealing(flags, key, 'client').seal(plain);
    expect(sealed).toEqual(hex('54e50165bf1936dc996020c1811b0f06fb5f'));
    expect(signature).toEqual(hex('01000000 7fb38ec5c55d4976 00000000'));
    expect(new Sealing(flags, key, 'client').unseal(signature, sealed)).toEqual(plain);
  });
});

describe('a sealed body', () => {
  const flags = FLAGS.key128 | FLAGS.keyExchange;
  const key = Buffer.alloc(16, 7);
  const pair = () => [new Sealing(flags, key, 'client'), new Sealing(flags, key, 'client')] as const;

  it('comes back as it was, message after message', () => {
    const [there, here] = pair();
    for (const text of ['<a/>', '', '--Encrypted Boundary--\r\n'.repeat(100)]) {
      const body = sealBody('application/soap+xml;charset=UTF-8', Buffer.from(text), there);
      const back = unsealBody(body, here);
      expect({ ...back, text: back.text.toString() }).toEqual({ type: 'application/soap+xml;charset=UTF-8', text });
    }
  });

  it('is refused if it was changed, or came twice', () => {
    const [there, here] = pair();
    const body = sealBody('x', Buffer.from('hello'), there);
    expect(unsealBody(body, here).text.toString()).toBe('hello');
    expect(() => unsealBody(body, here)).toThrow(SealError);
    expect(() => unsealBody(Buffer.from('hello'), here)).toThrow(SyntaxError);
  });

  it('is known by its type', () => {
    expect(isSealed(SEALED_TYPE)).toBe(true);
    expect(isSealed('application/soap+xml;charset=UTF-8')).toBe(false);
  });
});
