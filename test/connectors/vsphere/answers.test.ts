import { describe, expect, it } from 'vitest';
import { readCounters, readServiceContent, readUpdates } from '../../../connectors/vsphere/answers.ts';
import { readDevices } from '../../../connectors/vsphere/devices.ts';
import { eachRecord, type XmlRecord } from '../../../connectors/xml-record.ts';
import { readXml } from '../../../connectors/xml-stream.ts';
import { answer, COUNTERS, counterTable, leave, SERVICE, updateSet, vmUpdate } from './answers.ts';
import { pieces, read } from './xml.ts';

describe('the service', () => {
  const of = (xml: string) =>
    read('RetrieveServiceContent', answer('RetrieveServiceContent', xml), readServiceContent());

  it('names its objects', async () => {
    expect(await of(SERVICE)).toEqual({
      kind: 'vcenter',
      product: 'VMware vCenter Server 8.0.2 build-1',
      apiVersion: '8.0.2.0',
      rootFolder: { type: 'Folder', id: 'group-d7' },
      propertyCollector: { type: 'PropertyCollector', id: 'pc-7' },
      viewManager: { type: 'ViewManager', id: 'vm-7' },
      sessionManager: { type: 'SessionManager', id: 'sm-7' },
      perfManager: { type: 'PerformanceManager', id: 'perf-7' },
    });
  });

  it('is a host by its API', async () => {
    expect(
      (await of(SERVICE.replace('VirtualCenter', 'HostAgent').replace(/<instanceUuid>.*<\/instanceUuid>/, ''))).kind,
    ).toBe('esx');
  });

  it('without samples is none of ours', async () => {
    await expect(of(SERVICE.replace(/<perfManager.*<\/perfManager>/, ''))).rejects.toThrow(
      "the service's perfManager lacks",
    );
  });
});

describe('the table of counters', () => {
  it('is by group, name and rollup', async () => {
    const { counters, token } = await read(
      'RetrievePropertiesEx',
      answer('RetrievePropertiesEx', counterTable()),
      readCounters(),
    );
    expect(Object.fromEntries(counters)).toEqual(COUNTERS);
    expect(token).toBeNull();
  });

  it('may come in pages', async () => {
    const page = answer('RetrievePropertiesEx', counterTable().replace('<returnval>', '<returnval><token>t-1</token>'));
    expect(await read('RetrievePropertiesEx', page, readCounters())).toMatchObject({ token: 't-1' });
  });
});

describe('updates', () => {
  const of = (xml: string) => read('WaitForUpdatesEx', answer('WaitForUpdatesEx', xml), readUpdates());

  it('are none if nothing is said', async () => {
    expect(await of('')).toEqual({ version: null, truncated: false, updates: [] });
  });

  it('tell what entered, changed and left, and whether there is more', async () => {
    const modify = vmUpdate(2, { kind: 'modify' });
    const { version, truncated, updates } = await of(updateSet('7', vmUpdate(1) + modify + leave(3), true));
    expect({ version, truncated }).toEqual({ version: '7', truncated: true });
    expect(updates.map(({ kind, object }) => `${kind} ${object.type} ${object.id}`)).toEqual([
      'enter VirtualMachine vm-1',
      'modify VirtualMachine vm-2',
      'leave VirtualMachine vm-3',
    ]);
    expect(updates[0]?.changes.find(({ name }) => name === 'name')?.value).toMatchObject({
      text: 'web-1',
      xsiType: 'string',
    });
  });

  it.each([
    ['assigned nothing', '<changeSet><name>x</name><op>assign</op></changeSet>'],
    ['removed', '<changeSet><name>x</name><op>remove</op><val>old</val></changeSet>'],
    ['removed with its parent', '<changeSet><name>x</name><op>indirectRemove</op></changeSet>'],
  ])('a property that was %s has no value', async (_, changeSet) => {
    const update = `<objectSet><kind>modify</kind><obj type="VirtualMachine">vm-1</obj>${changeSet}</objectSet>`;
    expect((await of(updateSet('8', update))).updates[0]?.changes).toEqual([{ name: 'x', value: null }]);
  });

  it('of an unknown kind are not understood', async () => {
    await expect(of(updateSet('8', '<objectSet><kind>explode</kind></objectSet>'))).rejects.toThrow(/explode/);
  });
});

describe('devices', () => {
  async function devicesIn(xml: string) {
    const found: XmlRecord[] = [];
    const document = `<r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><val xsi:type="ArrayOfVirtualDevice">${xml}</val></r>`;
    await readXml(
      pieces(document),
      eachRecord(['val'], (record) => found.push(record)),
    );
    return readDevices(found[0] as XmlRecord);
  }
  const device = (type: string, key: number, inner: string): string =>
    `<VirtualDevice xsi:type="${type}"><key>${key}</key>${inner}</VirtualDevice>`;
  const disk = (key: number, controller: number, unit: number, inner = ''): string =>
    device('VirtualDisk', key, `<controllerKey>${controller}</controllerKey><unitNumber>${unit}</unitNumber>${inner}`);

  it.each([
    ['VirtualLsiLogicSASController', 'scsi1:3'],
    ['VirtualLsiLogicController', 'scsi1:3'],
    ['VirtualBusLogicController', 'scsi1:3'],
    ['ParaVirtualSCSIController', 'scsi1:3'],
    ['VirtualAHCIController', 'sata1:3'],
    ['VirtualNVMEController', 'nvme1:3'],
    ['VirtualIDEController', 'ide1:3'],
  ])('a disk on a %s is %s', async (type, instance) => {
    // The disk may stand before its controller.
    const { disks } = await devicesIn(disk(2000, 1001, 3) + device(type, 1001, '<busNumber>1</busNumber>'));
    expect(disks).toEqual([{ instance, bus: instance.slice(0, -3), fileName: null, uuid: null, capacity: null }]);
  });

  it('a disk knows its size in bytes, of old servers in KiB', async () => {
    const scsi = device('ParaVirtualSCSIController', 1000, '<busNumber>0</busNumber>');
    const { disks } = await devicesIn(
      scsi +
        disk(2000, 1000, 0, '<capacityInKB>9007199254740993</capacityInKB>') +
        disk(2001, 1000, 1, '<capacityInKB>1</capacityInKB><capacityInBytes>1500</capacityInBytes>') +
        disk(2002, 1999, 0),
    );
    expect(disks.map(({ instance, capacity }) => [instance, capacity])).toEqual([
      ['scsi0:0', 9_007_199_254_740_993n * 1024n],
      ['scsi0:1', 1500n],
    ]);
  });

  it.each([
    ['a network', '<deviceName>net-a</deviceName>', 'net-a', null],
    [
      'a distributed port',
      '<port><switchUuid>x</switchUuid><portgroupKey>dvportgroup-12</portgroupKey><portKey>17</portKey></port>',
      'dvportgroup-12',
      '17',
    ],
    [
      'an opaque network',
      '<opaqueNetworkId>seg-1</opaqueNetworkId><opaqueNetworkType>nsx.LogicalSwitch</opaqueNetworkType>',
      'seg-1',
      null,
    ],
  ])('a nic is on %s', async (_, backing, network, portId) => {
    const nic = device(
      'VirtualVmxnet3',
      4000,
      `<backing>${backing}</backing><macAddress>00:50:56:AA:00:01</macAddress>`,
    );
    expect((await devicesIn(nic)).nics).toEqual([
      { instance: '4000', label: null, mac: '00:50:56:aa:00:01', network, portId },
    ]);
  });
});
