import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../../connectors/libvirt/address.ts';
import { openUnix, socketCandidates } from '../../../../connectors/libvirt/transport/unix.ts';

describe('socketCandidates', () => {
  it.each([
    [
      'qemu:///system',
      ['libvirt-sock-ro', 'virtqemud-sock-ro', 'libvirt-sock', 'virtqemud-sock'].map((name) => `/run/libvirt/${name}`),
    ],
    ['lxc:///system', expect.arrayContaining(['/run/libvirt/virtlxcd-sock-ro'])],
    ['test:///default', ['/run/libvirt/libvirt-sock-ro', '/run/libvirt/libvirt-sock']],
    ['qemu:///session', ['/run/user/1000/libvirt/libvirt-sock', '/run/user/1000/libvirt/virtqemud-sock']],
    ['qemu+unix:///system?socket=/tmp/other', ['/tmp/other']],
  ])('%s', (uri, expected) => {
    expect(socketCandidates(parseAddress(uri), '/run/user/1000')).toEqual(expected);
  });
});

it('a socket that is not there is unreachable, and named', async () => {
  const address = parseAddress('qemu+unix:///system?socket=/nowhere/libvirt-sock');
  await expect(openUnix('kvm1', address, AbortSignal.timeout(5000))).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('/nowhere/libvirt-sock'),
  });
});
