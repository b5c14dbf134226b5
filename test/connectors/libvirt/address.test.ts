import { describe, expect, it } from 'vitest';
import { isLibvirtUri, isVerified, parseAddress } from '../../../connectors/libvirt/address.ts';

describe('parseAddress', () => {
  it.each([
    ['qemu:///system', { driver: 'qemu', transport: 'unix', host: null, name: 'qemu:///system' }],
    ['qemu+unix:///session', { transport: 'unix', session: true, name: 'qemu:///session' }],
    ['qemu://kvm1/system', { transport: 'tls', host: 'kvm1', port: null }],
    ['qemu+tcp://127.0.0.1:16599/system', { transport: 'tcp', host: '127.0.0.1', port: 16_599 }],
    ['qemu+tls://[2001:db8::1]/system', { transport: 'tls', host: '2001:db8::1' }],
    ['qemu+ssh://nova%40site@kvm1:2222/system', { transport: 'ssh', user: 'nova@site', port: 2222 }],
    ['lxc+tcp://h/system', { driver: 'lxc', name: 'lxc:///system' }],
    ['test+tcp://h/default', { driver: 'test', name: 'test:///default' }],
    ['qemu+tls://h/system?name=qemu:///embed', { name: 'qemu:///embed' }],
  ])('%s', (text, expected) => {
    expect(parseAddress(text)).toMatchObject(expected);
  });

  it.each([
    ['kvm1', /not a URI/],
    ['vmware://h/system', /unknown driver/],
    ['qemu+libssh2://h/system', /unknown transport libssh2/],
    ['qemu+tcp:///system', /needs a host/],
    ['qemu+unix://h/system', /this machine/],
    ['qemu+tls://u:hunter2@h/system', /password/],
    ["qemu+ssh://h/system';reboot;'", /characters/],
  ])('%s is refused', (text, message) => {
    expect(() => parseAddress(text)).toThrow(message);
  });

  it('does not repeat a password', () => {
    expect(() => parseAddress('qemu+tls://u:hunter2@h/system')).toThrow(/^(?!.*hunter2)/);
  });
});

it('isLibvirtUri knows its schemes', () => {
  const of = (text: string): boolean => isLibvirtUri(new URL(text));
  expect([of('qemu+tls://h/system'), of('xen:///system'), of('https://h/'), of('qemux://h/')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('isVerified unless no_verify says otherwise', () => {
  const of = (query: string): boolean => isVerified(parseAddress(`qemu+tls://h/system${query}`));
  expect([of(''), of('?no_verify=0'), of('?no_verify=1')]).toEqual([true, true, false]);
});
