import { describe, expect, it } from 'vitest';
import { libvirt, libvirtSchema } from '../../../connectors/libvirt/libvirt.ts';

const entry = (words: object) =>
  libvirtSchema.safeParse({ name: 'kvm1', type: 'libvirt', uri: 'qemu:///system', ...words });

describe('configuration', () => {
  it('has defaults for all but name and uri', () => {
    expect(entry({}).data).toEqual({
      name: 'kvm1',
      type: 'libvirt',
      uri: 'qemu:///system',
      cpu: 'domain',
      hosts: true,
      perf: false,
      stuckAfterMs: 3000,
    });
  });

  it.each<[string, object, RegExp]>([
    ['an unknown word', { url: 'x' }, /url/],
    ['a URI of another kind', { uri: 'https://vc1/sdk' }, /unknown driver https/],
    ['a password', { uri: 'qemu+tls://u:p@h/system' }, /password/],
    ['a certificate without its key', { tls: { certFile: '/c' } }, /go together/],
    ['an unknown cpu source', { cpu: 'both' }, /domain/],
  ])('refuses %s', (_, words, message) => {
    expect(entry(words).error?.message).toMatch(message);
  });
});

describe('a bare address', () => {
  const of = (text: string) => libvirt.fromUri?.(new URL(text));

  it('is enough', () => {
    expect(of('qemu+tcp://kvm1:16509/system')).toMatchObject({
      name: 'kvm1:16509',
      uri: 'qemu+tcp://kvm1:16509/system',
    });
    expect(of('qemu:///system')).toMatchObject({ name: 'localhost' });
  });

  it('of another kind is not taken', () => {
    expect(of('https://vc1/sdk')).toBeUndefined();
  });
});
