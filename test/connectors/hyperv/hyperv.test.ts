import { describe, expect, it } from 'vitest';
import { parseUrl } from '../../../connectors/hyperv/address.ts';
import { hyperv, hypervSchema } from '../../../connectors/hyperv/hyperv.ts';
import { parseSettings } from '../../../pipeline/runtime/config/load.ts';

const entry = (words: object) =>
  hypervSchema.safeParse({
    name: 'hv1',
    type: 'hyperv',
    url: 'https://hv1:5986/wsman',
    username: 'LAB\\meter',
    password: 'secret',
    ...words,
  });
const NOBODY = { username: undefined, password: undefined };
const PAIR = { certFile: 'meter.pem', keyFile: 'meter.key' };

describe('configuration', () => {
  it('has defaults for all but name, url and user', () => {
    expect(entry({}).data).toMatchObject({ auth: 'negotiate', notes: 'nova', tls: { verify: true } });
    expect(entry({ url: 'http://hv1' }).success).toBe(true);
    expect(entry({ ...NOBODY, auth: 'certificate', tls: PAIR }).success).toBe(true);
    for (const words of [{}, { keytab: 'x' }, { ccache: 'x', spn: 'WSMAN/hv1.example.org' }])
      expect(entry({ ...NOBODY, auth: 'kerberos', ...words }).success).toBe(true);
  });

  it.each<[string, object, RegExp]>([
    ['an unknown word', { uri: 'x' }, /uri/],
    ['a password in the url', { url: 'https://u:p@hv1' }, /words of their own/],
    ['no http', { url: 'ssh://hv1' }, /where https/],
    ['what is no url', { url: 'hv1' }, /not a URL/],
    ['no password', { password: undefined }, /negotiate needs password/],
    ['no username', { username: undefined, auth: 'basic' }, /basic needs username/],
    ['Basic in the clear', { url: 'http://hv1', auth: 'basic' }, /would not be secret/],
    [
      'a certificate in the clear',
      { ...NOBODY, url: 'http://hv1', auth: 'certificate', tls: PAIR },
      /would not be secret/,
    ],
    ['a certificate without a key', { ...NOBODY, auth: 'certificate', tls: { certFile: 'x' } }, /go together/],
    ['no certificate', { ...NOBODY, auth: 'certificate' }, /needs certFile/],
    ['a certificate and a user', { auth: 'certificate', tls: PAIR }, /takes no username/],
    ['a password for Kerberos', { auth: 'kerberos' }, /kerberos takes no password/],
    ['a keytab for NTLM', { keytab: 'x' }, /negotiate takes no keytab/],
    [
      'two places for tickets',
      { auth: 'kerberos', password: undefined, keytab: 'x', ccache: 'y' },
      /a keytab or a ccache, not both/,
    ],
    [
      'Kerberos in the clear',
      { ...NOBODY, url: 'http://hv1', auth: 'kerberos' },
      /kerberos over http:.* would not be secret/,
    ],
    ['a name that is no SPN', { auth: 'kerberos', password: undefined, spn: 'hv1' }, /no service principal name/],
    ['a certificate for nothing', { tls: PAIR }, /negotiate takes no certFile/],
  ])('refuses %s', (_, words, message) => {
    expect(JSON.stringify(entry(words).error?.issues)).toMatch(message);
  });
});

describe('an address', () => {
  it.each([
    ['https://hv1', 'https://hv1:5986', '/wsman', true],
    ['http://hv1/', 'http://hv1:5985', '/wsman', false],
    ['https://hv1:443/wsman', 'https://hv1:443', '/wsman', true],
    ['http://hv1:80', 'http://hv1:80', '/wsman', false],
    ['https://[::1]/proxy/wsman', 'https://[::1]:5986', '/proxy/wsman', true],
    ['https://[::1]:1234', 'https://[::1]:1234', '/wsman', true],
  ])('%s', (text, origin, path, isTls) => {
    expect(parseUrl(text)).toEqual({ origin, path, isTls });
  });
});

describe('a bare address', () => {
  const of = (text: string) => {
    const settings = hyperv.fromUri?.(new URL(text));
    return settings && parseSettings(hyperv.schema, settings);
  };

  it('is enough', () => {
    expect(of('hyperv://LAB%5Cmeter:s%2Fp@hv1?verify=false')).toMatchObject({
      name: 'hv1',
      url: 'https://hv1/wsman',
      username: 'LAB\\meter',
      password: 's/p',
      tls: { verify: false },
    });
    expect(of('hyperv://meter:p@hv1:5985?plain=true&notes=none')).toMatchObject({
      url: 'http://hv1:5985/wsman',
      notes: 'none',
    });
    expect(of('hyperv://hv1?auth=certificate&certFile=a.pem&keyFile=a.key')).toMatchObject({
      auth: 'certificate',
      tls: { certFile: 'a.pem', keyFile: 'a.key' },
    });
  });

  it('with words that are none is refused', () => {
    expect(() => of('hyperv://me:p@hv1?plain=maybe')).toThrow(/plain/);
  });

  it('of another kind is not taken', () => {
    expect(of('https://hv1')).toBeUndefined();
  });
});
