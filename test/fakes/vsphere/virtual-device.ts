import { hash } from './load.ts';
import { type Disk, diskName, type Nic } from './machine.ts';
import { constant, derived, type Field, int, long, object, string, type Value } from './value.ts';

const CONTROLLERS: Readonly<Record<Disk['controller'], readonly [type: string, key: number, label: string]>> = {
  ide: ['VirtualIDEController', 200, 'IDE'],
  scsi: ['ParaVirtualSCSIController', 1000, 'SCSI controller'],
  sata: ['VirtualAHCIController', 15_000, 'SATA controller'],
  nvme: ['VirtualNVMEController', 31_000, 'NVME controller'],
};

const description = (label: string, text: string): Value =>
  object('Description', [
    ['label', string(label)],
    ['summary', string(text)],
  ]);

/** A controller for every bus that has a disk. One of IDE is there always, as in real machines. */
export function controllers(disks: readonly Disk[]): readonly Value[] {
  const buses = new Map([['ide0', { controller: 'ide' as Disk['controller'], bus: 0 }]]);
  for (const { controller, bus } of disks) buses.set(`${controller}${bus}`, { controller, bus });
  return [...buses.values()].map(({ controller, bus }) => {
    const [type, key, label] = CONTROLLERS[controller];
    const scsi: readonly Field[] =
      controller === 'scsi' ? [['sharedBus', constant('VirtualSCSISharing', 'noSharing')]] : [];
    return derived(type, [
      ['key', int(key + bus)],
      ['deviceInfo', description(`${label} ${bus}`, label)],
      ['busNumber', int(bus)],
      ...scsi,
    ]);
  });
}

export function disk(each: Disk, i: number): Value {
  return derived('VirtualDisk', [
    ['key', int(2000 + i)],
    ['deviceInfo', description(`Hard disk ${i + 1}`, `${Math.floor(each.capacityBytes / 1024)} KB`)],
    [
      'backing',
      derived('VirtualDiskFlatVer2BackingInfo', [
        ['fileName', string(`[store1] ${diskName(each).replace(':', '_')}/disk-${i}.vmdk`)],
        ['diskMode', string('persistent')],
        ['uuid', string(`6000C29${hash(diskName(each)).toString(16)}`)],
      ]),
    ],
    ['controllerKey', int(CONTROLLERS[each.controller][1] + each.bus)],
    ['unitNumber', int(each.unit)],
    ['capacityInKB', long(Math.floor(each.capacityBytes / 1024))],
    ['capacityInBytes', long(each.capacityBytes)],
  ]);
}

export function nic(each: Nic, i: number): Value {
  const backing = each.distributed
    ? derived('VirtualEthernetCardDistributedVirtualPortBackingInfo', [
        [
          'port',
          object('DistributedVirtualSwitchPortConnection', [
            ['switchUuid', string('50 1a 2b 3c 4d 5e 6f 70-81 92 a3 b4 c5 d6 e7 f8')],
            ['portgroupKey', string(`dvportgroup-${each.network}`)],
            ['portKey', string(String(i))],
          ]),
        ],
      ])
    : derived('VirtualEthernetCardNetworkBackingInfo', [['deviceName', string(each.network)]]);
  return derived('VirtualVmxnet3', [
    ['key', int(each.key)],
    ['deviceInfo', description(`Network adapter ${i + 1}`, each.network)],
    ['backing', backing],
    ['controllerKey', int(100)],
    ['unitNumber', int(7 + i)],
    ['addressType', string('assigned')],
    ['macAddress', string(each.mac)],
  ]);
}
