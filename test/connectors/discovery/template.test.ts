import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillSettings, fillText, placeholdersOf } from '../../../connectors/discovery/template.ts';

const values = {
  host: 'kvm1.example.org',
  target: 'kvm1.example.org:16514',
  port: '16514',
  ip6: '2001:db8::1',
  odd: 'a b/../c?d=e&f#g@h:i%',
  brace: '{host}',
  none: '',
  half: '\ud800',
};

describe('fillText', () => {
  it.each([
    ['plain text', 'plain text'],
    ['{host}', 'kvm1.example.org'],
    ['{host}-{port}', 'kvm1.example.org-16514'],
    ['{{host}} is {host}', '{host} is kvm1.example.org'],
    ['qemu+tls://{host}:{port}/system', 'qemu+tls://kvm1.example.org:16514/system'],
    ['https://{target}/sdk', 'https://kvm1.example.org:16514/sdk'],
    ['https://{ip6}:8006', 'https://[2001:db8::1]:8006'],
    ['https://[{ip6}]:8006', 'https://[2001:db8::1]:8006'],
    ['qemu+tcp://kvm.{host}/system', 'qemu+tcp://kvm.kvm1.example.org/system'],
    ['https://h/{odd}/x', 'https://h/a%20b%2F..%2Fc%3Fd%3De%26f%23g%40h%3Ai%25/x'],
    ['https://h/?a={odd}', 'https://h/?a=a%20b%2F..%2Fc%3Fd%3De%26f%23g%40h%3Ai%25'],
    ['qemu+tcp://{host}:{none}/system', 'qemu+tcp://kvm1.example.org:/system'],
    ['https://{target}@h/', 'https://kvm1.example.org%3A16514@h/'],
    ['https://h/{half}', 'https://h/%EF%BF%BD'],
    ['/secrets/{host}/password', '/secrets/kvm1.example.org/password'],
    // What comes in is not looked at again.
    ['{brace}', '{host}'],
    ['{ host } {1} {}', '{ host } {1} {}'],
  ])('%s is %s', (template, text) => {
    expect(fillText(template, values)).toBe(text);
  });

  it('puts nothing where a host belongs that is none', () => {
    expect(() => fillText('https://{odd}/', { odd: 'a b' })).toThrow(
      'there is no host in "a b" to put into the address',
    );
    expect(() => fillText('https://{odd}/', { odd: 'a/b' })).toThrow('there is no host in');
    expect(() => fillText('https://{odd}/', { odd: '' })).toThrow('there is nothing to put into the address');
  });

  it('names those there are where one is not known', () => {
    expect(() => fillText('{hots}', { host: 'a', port: '1' })).toThrow(
      'there is no {hots} here; there are {host}, {port}, and {{ for the brace itself',
    );
    expect(() => fillText('{constructor}', { host: 'a' })).toThrow('there is no {constructor} here');
  });

  it('lets no value change another part of a URL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (odd) => {
        const url = new URL(fillText('https://host.example/{odd}/end?q={odd}#x', { odd }));
        expect([url.host, url.username, url.pathname.split('/').at(-1), url.hash]).toEqual([
          'host.example',
          '',
          'end',
          '#x',
        ]);
        expect(url.searchParams.get('q')).toBe(odd);
      }),
      { numRuns: 300 },
    );
  });
});

it('fillSettings reaches texts in lists and maps, and nothing else', () => {
  const settings = { url: ['https://{host}'], tls: { caFile: '/ca/{host}', verify: true }, batch: 3 };
  expect(fillSettings(settings, { host: 'h' })).toEqual({
    url: ['https://h'],
    tls: { caFile: '/ca/h', verify: true },
    batch: 3,
  });
  expect(placeholdersOf(settings)).toEqual([
    { name: 'host', path: ['url', 0] },
    { name: 'host', path: ['tls', 'caFile'] },
  ]);
});
