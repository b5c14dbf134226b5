import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { computeResponses, responseKey, sealKey, signKey } from '../../../../connectors/hyperv/ntlm/keys.ts';
import { md4 } from '../../../../connectors/hyperv/ntlm/md4.ts';
import { decodeChallenge, encodePairs, NtlmError, utf16 } from '../../../../connectors/hyperv/ntlm/messages.ts';
import { authenticate, negotiateMessage, ntlmUser } from '../../../../connectors/hyperv/ntlm/ntlm.ts';
import { rc4 } from '../../../../connectors/hyperv/ntlm/rc4.ts';
import { clientSealing } from '../../../../connectors/hyperv/ntlm/seal.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

describe('MD4', () => {
  // RFC 1320, A.5
  it.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    [
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
      'e33b4ddc9c38f2199c3e7b164fcc0536',
    ],
  ])('of %o', (text, digest) => {
    expect(md4(Buffer.from(text)).toString('hex')).toBe(digest);
  });

  it.each([55, 56, 57, 63, 64, 65, 119, 120, 121])('pads %i bytes', (length) => {
    expect(md4(Buffer.alloc(length))).toHaveLength(16);
  });
});

describe('RC4', () => {
  it.each([
    ['Key', 'Plaintext', 'bbf316e8d940af0ad3'],
    ['Wiki', 'pedia', '1021bf0420'],
    ['Secret', 'Attack at dawn', '45a01f645fc35b383552544b9bf5'],
  ])('with %o', (key, text, sealed) => {
    expect(rc4(Buffer.from(key))(Buffer.from(text)).toString('hex')).toBe(sealed);
  });

  it('goes on where it ended', () => {
    const whole = rc4(Buffer.from('Key'))(Buffer.from('Plaintext'));
    const parts = rc4(Buffer.from('Key'));
    expect(Buffer.concat([parts(Buffer.from('Plain')), parts(Buffer.from('text'))])).toEqual(whole);
  });
});

/** [MS-NLMP] 4.2.1 and 4.2.4: the published user, challenges and session key. */
const SESSION_KEY = Buffer.alloc(16, 0x55);
const SERVER_CHALLENGE = hex('0123456789abcdef');
const CLIENT_CHALLENGE = Buffer.alloc(8, 0xaa);
const TARGET = [
  { id: 2, value: utf16('Domain') },
  { id: 1, value: utf16('Server') },
];

describe('the published vectors of NTLMv2', () => {
  const key = responseKey('User', 'Domain', 'Password');
  const responses = computeResponses(key, SERVER_CHALLENGE, CLIENT_CHALLENGE, Buffer.alloc(8), encodePairs(TARGET));

  it('NTOWFv2 (4.2.4.1.1)', () => {
    expect(key).toEqual(hex('0c868a403bfd7a93a3001ef22ef02e3f'));
  });

  it('session base key (4.2.4.1.2)', () => {
    expect(responses.sessionBaseKey).toEqual(hex('8de40ccadbc14a82f15cb0ad0de95ca3'));
  });

  it('LMv2 response (4.2.4.2.1)', () => {
    expect(responses.lm).toEqual(hex('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa'));
  });

  it('NTLMv2 response (4.2.4.2.2)', () => {
    expect(responses.nt.subarray(0, 16)).toEqual(hex('68cd0ab851e51c96aabc927bebef6a1c'));
    expect(responses.nt.subarray(16, 60)).toEqual(
      hex(`0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
           02000c00 44006f006d00610069006e00`),
    );
  });

  it('encrypted session key (4.2.4.2.3)', () => {
    expect(rc4(responses.sessionBaseKey)(SESSION_KEY)).toEqual(hex('c5dad2544fc9799094ce1ce90bc9d03e'));
  });

  it('keys and sealing (4.2.4.4)', () => {
    expect(sealKey(SESSION_KEY, 'client-to-server')).toEqual(hex('59f600973cc4960a25480a7c196e4c58'));
    expect(signKey(SESSION_KEY, 'client-to-server')).toEqual(hex('4788dc861b4782f35d43fd98fe1a2d39'));
    const { message, signature } = clientSealing(SESSION_KEY).seal(utf16('Plaintext'));
    expect(message).toEqual(hex('54e50165bf1936dc996020c1811b0f06fb5f'));
    expect(signature).toEqual(hex('010000007fb38ec5c55d497600000000'));
  });
});

/** [MS-NLMP] 4.2.4.3: flags of the example, and the fields where it has them. */
function challengeOf(pairs: Parameters<typeof encodePairs>[0], flags = 0xe28a8233 | 0x20): Buffer {
  const target = utf16('Server');
  const info = encodePairs(pairs);
  const head = Buffer.alloc(56);
  head.write('NTLMSSP\0', 'latin1');
  head.writeUInt32LE(2, 8);
  head.writeUInt16LE(target.length, 12);
  head.writeUInt16LE(target.length, 14);
  head.writeUInt32LE(56, 16);
  head.writeUInt32LE(flags >>> 0, 20);
  SERVER_CHALLENGE.copy(head, 24);
  head.writeUInt16LE(info.length, 40);
  head.writeUInt16LE(info.length, 42);
  head.writeUInt32LE(56 + target.length, 44);
  return Buffer.concat([head, target, info]);
}

/** So that the FILETIME is the example's 0. */
const EPOCH_1601 = -11_644_473_600_000_000;
const CHANCE = { clientChallenge: CLIENT_CHALLENGE, sessionKey: SESSION_KEY, nowUs: EPOCH_1601 };
const fieldAt = (message: Buffer, at: number): Buffer =>
  message.subarray(message.readUInt32LE(at + 4), message.readUInt32LE(at + 4) + message.readUInt16LE(at));

describe('the answer to a challenge', () => {
  const who = { user: 'User', domain: 'Domain', password: 'Password' };

  it('is the published one', () => {
    const { message } = authenticate(negotiateMessage(), challengeOf(TARGET), who, CHANCE);
    expect(fieldAt(message, 12)).toEqual(hex('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa'));
    expect(fieldAt(message, 20).subarray(0, 16)).toEqual(hex('68cd0ab851e51c96aabc927bebef6a1c'));
    expect(fieldAt(message, 28)).toEqual(utf16('Domain'));
    expect(fieldAt(message, 36)).toEqual(utf16('User'));
    expect(fieldAt(message, 52)).toEqual(hex('c5dad2544fc9799094ce1ce90bc9d03e'));
    expect(message.subarray(72, 88)).toEqual(Buffer.alloc(16));
  });

  it('has a MIC, and no LMv2 response, where the server tells the time', () => {
    const time = hex('0090d336b734c301');
    const { message } = authenticate(negotiateMessage(), challengeOf([...TARGET, { id: 7, value: time }]), who, CHANCE);
    expect(fieldAt(message, 12)).toEqual(Buffer.alloc(24));
    expect(fieldAt(message, 20).subarray(24, 32)).toEqual(time);
    expect(fieldAt(message, 20).toString('hex')).toContain('0600040002000000');
    expect(message.subarray(72, 88)).not.toEqual(Buffer.alloc(16));
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['another message', negotiateMessage()],
    ['a field outside', challengeOf(TARGET).subarray(0, 60)],
    ['no end of pairs', challengeOf(TARGET).subarray(0, -4)],
    ['an old server', challengeOf(TARGET, 0x201)],
    ['a time that is none', challengeOf([{ id: 7, value: Buffer.alloc(3) }])],
  ])('is refused to %s', (_, challenge) => {
    expect(() => authenticate(negotiateMessage(), challenge, who, CHANCE)).toThrow(NtlmError);
  });
});

describe('a user', () => {
  it.each([
    ['LAB\\meter', { domain: 'LAB', user: 'meter' }],
    ['meter@lab.example.org', { domain: '', user: 'meter@lab.example.org' }],
    ['meter', { domain: '', user: 'meter' }],
  ])('%s', (text, parts) => {
    expect(ntlmUser(text, 'p')).toEqual({ ...parts, password: 'p' });
  });
});

it('every challenge cut anywhere is refused or understood, never a crash', () => {
  const whole = challengeOf([...TARGET, { id: 7, value: Buffer.alloc(8) }]);
  for (let length = 0; length < whole.length; length++)
    expect(() => decodeChallenge(Buffer.from(whole.subarray(0, length)))).toThrow(NtlmError);
});

it('opens what the other side sealed, in its turn only', () => {
  const back = (key: Buffer) => {
    const crypt = rc4(sealKey(key, 'server-to-client'));
    const sign = signKey(key, 'server-to-client');
    return { crypt, sign };
  };
  expect(back(SESSION_KEY).sign).toEqual(
    createHash('md5')
      .update(SESSION_KEY)
      .update('session key to server-to-client signing key magic constant\0', 'latin1')
      .digest(),
  );
  const sealing = clientSealing(SESSION_KEY);
  const message = back(SESSION_KEY).crypt(Buffer.from('x'));
  expect(() => sealing.open({ message, signature: Buffer.alloc(16) })).toThrow(/wrong signature/);
});
