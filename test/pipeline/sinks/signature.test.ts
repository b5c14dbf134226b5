import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { float64 } from '../../../pipeline/sinks/float64.ts';
import { isSignedBy, sign, signedText } from '../../../pipeline/sinks/signature.ts';
import { parseLossless } from './lossless-json.ts';

interface Vector {
  readonly id: string;
  readonly secret: string;
  readonly signature: string;
  readonly message?: Readonly<Record<string, unknown>>;
  readonly counter_volume_python_repr?: string;
  readonly message_json?: string;
  readonly wire_json_by_oslo?: string;
  readonly signature_of_wire_form?: string;
}

const load = (file: string) => JSON.parse(readFileSync(new URL(`vectors/${file}`, import.meta.url), 'utf8'));
const lettered: readonly Vector[] = load('signature.json');
const named: readonly Vector[] = load('signature-vectors.json').vectors;

describe('signature', () => {
  it.each(lettered)(
    'signs vector $id as Ceilometer does',
    ({ message, counter_volume_python_repr, secret, signature }) => {
      const volume = counter_volume_python_repr;
      const exact = volume && (/[.e]/.test(volume) ? float64(Number(volume)) : BigInt(volume));
      expect(sign({ ...message, ...(exact && { counter_volume: exact }) }, secret)).toBe(signature);
    },
  );

  it.each(named.filter(({ message_json }) => message_json))('signs vector $id as ceilometer 26.0.0 does', (vector) => {
    expect(sign(parseLossless(vector.message_json ?? ''), vector.secret)).toBe(vector.signature);
  });

  it('signs dates as the text that travels', () => {
    const vector = named.find(({ id }) => id === 'datetime-in-metadata');
    const message = parseLossless(vector?.wire_json_by_oslo ?? '');
    expect(sign(message, vector?.secret ?? '')).toBe(vector?.signature_of_wire_form);
    expect(isSignedBy(message, vector?.secret ?? '')).toBe(false);
  });

  it('covers all vectors', () => {
    expect([lettered.length, named.length]).toEqual([12, 22]);
  });

  it.each([
    { what: 'a whole JavaScript number is an int', value: 1e16, text: '10000000000000000' },
    { what: 'minus zero is the int 0', value: -0, text: '0' },
    { what: 'a float that is whole', value: float64(-0), text: '-0.0' },
    { what: 'the largest positional float', value: float64(123456789012345680), text: '1.2345678901234568e+17' },
    { what: 'fifteen digits stay positional', value: float64(1e15), text: '1000000000000000.0' },
    { what: 'the smallest positional float', value: 0.00012, text: '0.00012' },
    { what: 'the least double', value: 5e-324, text: '5e-324' },
    { what: 'bytes', value: new Uint8Array([39, 0, 255]), text: 'b"\'\\x00\\xff"' },
    { what: 'no sequence', value: [], text: '[]' },
    { what: 'a dict in a list', value: [{ b: 1, a: ['x'] }], text: "[{b'a': [b'x'], b'b': 1}]" },
  ])('writes $what as Python does', ({ value, text }) => {
    expect(signedText({ v: value })).toBe(`v${text}`);
  });

  it('changes with any field and any secret', () => {
    const message = { counter_name: 'cpu', counter_volume: 1, resource_metadata: { a: 1 } };
    const signed = { ...message, message_signature: sign(message, 's') };
    expect(isSignedBy(signed, 's')).toBe(true);
    expect(isSignedBy(signed, 't')).toBe(false);
    expect(isSignedBy({ ...signed, counter_volume: 2 }, 's')).toBe(false);
    expect(isSignedBy({ ...signed, resource_metadata: { a: 2 } }, 's')).toBe(false);
    expect(isSignedBy({ ...signed, extra: null }, 's')).toBe(false);
  });

  it.each([undefined, null, 7, '', 'é'.repeat(64)])('takes the signature %j as none', (message_signature) => {
    expect(isSignedBy({ counter_name: 'cpu', message_signature }, 's')).toBe(false);
  });

  it('accepts all where no secret is set, as Ceilometer does', () => {
    expect(sign({ a: 1 }, '')).toBe('');
    expect(isSignedBy({ a: 1 }, '')).toBe(true);
  });

  it('refuses what no wire format carries', () => {
    expect(() => signedText({ a: undefined })).toThrow(TypeError);
  });
});
