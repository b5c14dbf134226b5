import { describe, expect, it } from 'vitest';
import { NtlmError } from '../../../connectors/hyperv/ntlm/messages.ts';
import { clientSealing } from '../../../connectors/hyperv/ntlm/seal.ts';
import { decodeSealed, encodeSealed, isSealed, SEALED_TYPE } from '../../../connectors/hyperv/sealed-body.ts';

const KEY = Buffer.alloc(16, 0x55);
const MESSAGE = Buffer.from('<s:Envelope>grün</s:Envelope>');

/** The server's side, of which only the two labels of the keys are other: here both sides are the client's. */
const mirrored = (): ReturnType<typeof clientSealing> => {
  const { seal } = clientSealing(KEY);
  return {
    seal,
    open: ({ signature, message }) => {
      // Sealing what was sealed gives it back, as the stream is the same.
      const opened = clientSealing(KEY).seal(message).message;
      if (!clientSealing(KEY).seal(opened).signature.equals(signature)) throw new NtlmError('a wrong signature');
      return opened;
    },
  };
};

describe('a sealed body', () => {
  const body = () => encodeSealed(clientSealing(KEY), MESSAGE);

  it('is of the documented form', () => {
    const text = body().toString('latin1');
    const head = [
      '--Encrypted Boundary',
      '\tContent-Type: application/HTTP-SPNEGO-session-encrypted',
      '\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=30',
      '--Encrypted Boundary',
      '\tContent-Type: application/octet-stream',
      '\x10\0\0\0\x01\0\0\0',
    ];
    expect(text.startsWith(head.join('\r\n'))).toBe(true);
    expect(text).toMatch(/--Encrypted Boundary--\r\n$/);
    expect(isSealed(SEALED_TYPE)).toBe(true);
    expect(isSealed('application/soap+xml')).toBe(false);
  });

  it.each<[string, (text: string) => string]>([
    ['as it is', (text) => text],
    ['without tabs', (text) => text.replaceAll('\t', '')],
    ['with spaces in its boundaries', (text) => text.replaceAll('--Encrypted', '-- Encrypted')],
    ['in other letters', (text) => text.replaceAll('Content-Type', 'CONTENT-TYPE').replace('Length', 'length')],
    ['without an end', (text) => text.slice(0, -'--Encrypted Boundary--\r\n'.length)],
  ])('%s is opened', (_, change) => {
    const changed = Buffer.from(change(body().toString('latin1')), 'latin1');
    expect(decodeSealed(mirrored(), changed)).toEqual(MESSAGE);
  });

  it('may hold what looks like a boundary', () => {
    const message = Buffer.from('--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n');
    expect(decodeSealed(mirrored(), encodeSealed(clientSealing(KEY), message))).toEqual(message);
  });

  it('cut or changed anywhere is refused or the same, never a crash', () => {
    const whole = body();
    for (let n = 0; n < whole.length; n++) {
      const cut = Buffer.from(whole.subarray(0, n));
      const changed = Buffer.from(whole.map((byte, at) => (at === n ? byte ^ 0x20 : byte)));
      for (const each of [cut, changed]) {
        let opened: Buffer | undefined;
        try {
          opened = decodeSealed(mirrored(), each);
        } catch (error) {
          expect(error).toBeInstanceOf(NtlmError);
        }
        if (opened) expect(opened).toEqual(MESSAGE);
      }
    }
  });
});
