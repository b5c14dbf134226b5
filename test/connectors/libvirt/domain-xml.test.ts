import { describe, expect, it } from 'vitest';
import { readDomainXml } from '../../../connectors/libvirt/domain-xml.ts';

const domain = (inside: string): string => `<domain type='kvm' id='3'><name>instance-00000001</name>${inside}</domain>`;
const devices = (inside: string): string => domain(`<devices>${inside}</devices>`);
const nova = (version: string, inside: string): string =>
  domain(
    `<title>a title</title><metadata><other xmlns='urn:x'/>
     <n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/${version}'>${inside}</n:instance></metadata>`,
  );

describe("nova's metadata", () => {
  const inside = `<n:name>web</n:name><n:creationTime>2024-02-29 23:59:59</n:creationTime>
    <n:flavor name='m1'><n:memory>512</n:memory><n:disk>1</n:disk><n:swap>0</n:swap><n:vcpus>many</n:vcpus></n:flavor>
    <n:owner><n:user uuid='u1'>ann</n:user><n:project uuid='p1'>shop</n:project></n:owner>
    <n:root type='image' uuid='i1'/>`;
  const expected = {
    name: 'web',
    instanceName: 'instance-00000001',
    projectId: 'p1',
    projectName: 'shop',
    userId: 'u1',
    userName: 'ann',
    imageId: 'i1',
    host: 'kvm1',
    createdAt: Date.UTC(2024, 1, 29, 23, 59, 59) * 1000,
    flavor: { id: null, name: 'm1', vcpus: null, memory: 512, disk: 1, ephemeral: null, swap: 0, extraSpecs: {} },
  };

  it.each(['1.1', '1.0'])('of version %s', (version) => {
    expect(readDomainXml(nova(version, inside), 'kvm1')).toMatchObject(expected);
  });

  it('of a version yet unknown is not read', () => {
    expect(readDomainXml(nova('2.0', inside), 'kvm1')).toMatchObject({
      name: 'a title',
      projectId: null,
      flavor: null,
    });
  });

  it.each(['2024-02-29T23:59:59', 'yesterday', '2024-13-01 00:00:00'])('has no creation time in %s', (text) => {
    expect(readDomainXml(nova('1.1', `<n:creationTime>${text}</n:creationTime>`), null).createdAt).toBeNull();
  });

  it('has no image when it was booted from a volume', () => {
    expect(readDomainXml(nova('1.1', "<n:root type='volume' uuid='v'/>"), null).imageId).toBeNull();
  });
});

describe('devices', () => {
  it.each([
    ["<source file='/a'/>", '/a'],
    ["<source dev='/dev/b'/>", '/dev/b'],
    ["<source protocol='rbd' name='volumes/volume-1'><host name='mon'/></source>", 'volumes/volume-1'],
    ["<source pool='p' volume='v'/>", 'v'],
    ['', null],
  ])('a disk from %s', (source, path) => {
    const xml = devices(`<disk>${source}<target dev='vdb' bus='virtio'/><serial>cinder-1</serial></disk>`);
    expect(readDomainXml(xml, null).disks).toEqual([{ id: 'vdb', path, serial: 'cinder-1', bus: 'virtio' }]);
  });

  it('a nic of neutron', () => {
    const xml = devices(`<interface type='bridge'><mac address='FA:16:3E:00:00:01'/><source bridge='br-int'/>
      <virtualport type='openvswitch'><parameters interfaceid='port-1'/></virtualport><target dev='tap1'/>
      <filterref filter='nova-base'><parameter name='IP' value='10.0.0.3'/></filterref></interface>`);
    expect(readDomainXml(xml, null).nics).toEqual([
      {
        id: 'fa:16:3e:00:00:01',
        name: 'tap1',
        mac: 'fa:16:3e:00:00:01',
        bridge: 'br-int',
        portId: 'port-1',
        network: null,
        filter: 'nova-base',
        parameters: { IP: '10.0.0.3' },
      },
    ]);
  });

  it('nics that share a MAC have ids of their own', () => {
    const nic = "<interface type='network'><mac address='02:00:00:00:00:01'/><source network='lan'/></interface>";
    const { nics } = readDomainXml(devices(nic + nic + nic), null);
    expect(nics.map(({ id }) => id)).toEqual(['02:00:00:00:00:01', '02:00:00:00:00:01/2', '02:00:00:00:00:01/3']);
    expect(nics[0]?.network).toBe('lan');
  });
});

describe('what is no domain', () => {
  it.each([
    ['', /./],
    ['<domain><name>x</domain>', /./],
    ['<!DOCTYPE d [<!ENTITY a "b">]><domain><name>&a;</name></domain>', /entity/],
    ['<network/>', /<network> where/],
    [`${'<a>'.repeat(65)}${'</a>'.repeat(65)}`, /nested/],
  ])('%j', (xml, message) => {
    expect(() => readDomainXml(xml, null)).toThrow(message);
  });
});
