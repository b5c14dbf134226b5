import type { FakeDomain, FakeStat } from '../fakes/libvirtd-answers.ts';

const DISKS = ['vda', 'vdb'];
const DISK_FIELDS = ['rd.reqs', 'rd.bytes', 'rd.times', 'wr.reqs', 'wr.bytes', 'wr.times', 'fl.reqs', 'fl.times'];
const NIC_FIELDS = ['rx.bytes', 'rx.pkts', 'rx.errs', 'rx.drop', 'tx.bytes', 'tx.pkts', 'tx.errs', 'tx.drop'];
const BALLOON_FIELDS = [
  'current',
  'maximum',
  'last-update',
  'rss',
  'available',
  'usable',
  'unused',
  'swap_in',
  'swap_out',
];
const VCPU_FIELDS = ['time', 'wait', 'delay'];

/** The statistics that libvirt 9.0 gives of a guest with two vCPUs, two disks and a nic, with counters of a busy week. */
export function guestDomain(number: number): FakeDomain {
  const hex = number.toString(16);
  const [name, tap] = [`instance-${hex.padStart(8, '0')}`, `tap${hex.padStart(8, '0')}-93`];
  const uuid = `${hex.padStart(8, '0')}7a524c0a9a530d4c0e2f5b6a`;
  const counter = (scale: number): FakeStat => ['ullong', BigInt(scale) * 1_000_003n + BigInt(number)];
  const stats: Record<string, FakeStat> = {
    'state.state': ['int', 1],
    'state.reason': ['int', 1],
    'cpu.time': counter(90_000_000),
    'cpu.user': counter(60_000_000),
    'cpu.system': counter(30_000_000),
    'vcpu.current': ['uint', 2],
    'vcpu.maximum': ['uint', 2],
    'net.count': ['uint', 1],
    'net.0.name': ['string', tap],
    'block.count': ['uint', DISKS.length],
  };
  for (const field of BALLOON_FIELDS) stats[`balloon.${field}`] = counter(4);
  for (const vcpu of [0, 1]) {
    stats[`vcpu.${vcpu}.state`] = ['int', 1];
    for (const field of VCPU_FIELDS) stats[`vcpu.${vcpu}.${field}`] = counter(40_000_000);
  }
  for (const field of NIC_FIELDS) stats[`net.0.${field}`] = counter(70_000);
  for (const [disk, target] of DISKS.entries()) {
    stats[`block.${disk}.name`] = ['string', target];
    stats[`block.${disk}.path`] = ['string', `/var/lib/nova/instances/${uuid}/disk${disk}`];
    for (const field of DISK_FIELDS) stats[`block.${disk}.${field}`] = counter(8000 + disk);
    for (const field of ['allocation', 'capacity', 'physical']) stats[`block.${disk}.${field}`] = counter(20_000);
  }
  return { name, uuid, id: number, stats, xml: xmlOf(number, name, uuid, tap) };
}

/** As nova writes it, without what is not read. */
function xmlOf(number: number, name: string, uuid: string, tap: string): string {
  const mac = (number % 2 ** 24)
    .toString(16)
    .padStart(6, '0')
    .replace(/(..)(..)(..)/, 'fa:16:3e:$1:$2:$3');
  const disk = (target: string): string =>
    `<disk type='file' device='disk'><source file='/var/lib/nova/instances/${uuid}/${target}'/><target dev='${target}' bus='virtio'/></disk>`;
  return `<domain type='kvm' id='${number}'><name>${name}</name><metadata>
    <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:name>guest-${number}</nova:name><nova:creationTime>2026-03-08 10:00:00</nova:creationTime>
      <nova:flavor name="m1.small" id="a9d2b8f0-5e1c-4f3a-8a43-1f8f2f2d7b11"><nova:memory>2048</nova:memory>
        <nova:disk>20</nova:disk><nova:swap>0</nova:swap><nova:ephemeral>0</nova:ephemeral><nova:vcpus>2</nova:vcpus></nova:flavor>
      <nova:owner><nova:user uuid="94d9c2a0c3b04f6e9d1f6b1c8c1f2e3d">alice</nova:user>
        <nova:project uuid="3f1b7c8a2d5e4c6f8a9b0c1d2e3f4a5b">shop</nova:project></nova:owner>
      <nova:root type="image" uuid="70b8d2a4-0c5f-4e2b-9c1a-3e5d7f9b1d3c"/>
    </nova:instance></metadata><vcpu>2</vcpu><devices>${DISKS.map(disk).join('')}
    <interface type='bridge'><mac address='${mac}'/><source bridge='br-int'/><target dev='${tap}'/></interface>
  </devices></domain>`;
}
