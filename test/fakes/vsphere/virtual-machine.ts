import type { LifeState } from './life.ts';
import { hash } from './load.ts';
import { type Disk, diskName, type Machine, type Nic } from './machine.ts';
import { type Managed, managed } from './managed.ts';
import {
  anyString,
  bool,
  constant,
  derived,
  type Field,
  int,
  list,
  long,
  object,
  type Ref,
  ref,
  refs,
  string,
  time,
  type Value,
} from './value.ts';

/** What a machine hangs in. */
export interface Surroundings {
  readonly folder: Ref;
  readonly pool: Ref;
  readonly store: Ref;
  readonly network: Ref;
}

/** A machine as the inventory has it in this state. */
export function virtualMachine(machine: Machine, state: LifeState, around: Surroundings): Managed {
  const { spec } = machine;
  const of: Ref = { type: 'VirtualMachine', value: spec.id };
  return managed(of, {
    name: () => string(state.name),
    parent: () => ref(around.folder),
    overallStatus: () => constant('ManagedEntityStatus', 'green'),
    configStatus: () => constant('ManagedEntityStatus', 'green'),
    config: () => config(machine, state),
    runtime: () => runtime(spec.template === true, state),
    guest: () =>
      object('GuestInfo', [
        ['toolsRunningStatus', string(state.power === 'poweredOn' ? 'guestToolsRunning' : 'guestToolsNotRunning')],
        ['guestId', string('debian12_64Guest')],
        ['guestFamily', string('linuxGuest')],
        ['guestFullName', string('Debian GNU/Linux 12 (64-bit)')],
        ['hostName', string(`host-of-${spec.id}`)],
        ['ipAddress', string(addressOf(spec.id))],
        ['guestState', string(state.power === 'poweredOn' ? 'running' : 'notRunning')],
      ]),
    summary: () => summary(machine, state, of),
    datastore: () => refs([around.store]),
    network: () => refs([around.network]),
    resourcePool: () => (spec.template ? undefined : ref(around.pool)),
  });
}

function config({ spec }: Machine, state: LifeState): Value {
  const extra = [['svga.present', 'TRUE'], ...(state.novaUuid === null ? [] : [['nvp.vm-uuid', state.novaUuid]])];
  return object('VirtualMachineConfigInfo', [
    ['changeVersion', string('2026-01-01T00:00:00.000000Z')],
    ['modified', time(0)],
    ['name', string(state.name)],
    ['guestFullName', string('Debian GNU/Linux 12 (64-bit)')],
    ['version', string('vmx-19')],
    ['uuid', string(spec.biosUuid)],
    ['instanceUuid', string(spec.instanceUuid)],
    ['template', bool(spec.template === true)],
    ['guestId', string('debian12_64Guest')],
    ['annotation', string(`machine ${spec.id} <"&'>`)],
    [
      'hardware',
      object('VirtualHardware', [
        ['numCPU', int(state.vcpus)],
        ['numCoresPerSocket', int(1)],
        ['memoryMB', int(state.memoryMb)],
        ['device', list('VirtualDevice', [...controllers(spec.disks), ...spec.disks.map(disk), ...spec.nics.map(nic)])],
      ]),
    ],
    [
      'extraConfig',
      list(
        'OptionValue',
        extra.map(([key, value]) => optionValue(key ?? '', value ?? '')),
      ),
    ],
  ]);
}

const optionValue = (key: string, value: string): Value =>
  object('OptionValue', [
    ['key', string(key)],
    ['value', anyString(value)],
  ]);

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
function controllers(disks: readonly Disk[]): readonly Value[] {
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

function disk(each: Disk, i: number): Value {
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

function nic(each: Nic, i: number): Value {
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

function runtime(template: boolean, state: LifeState): Value {
  const boot: readonly Field[] = state.bootedAt === null ? [] : [['bootTime', time(state.bootedAt)]];
  const host: readonly Field[] = [['host', ref({ type: 'HostSystem', value: state.host })]];
  return object('VirtualMachineRuntimeInfo', [
    ...host,
    ['connectionState', constant('VirtualMachineConnectionState', state.connection)],
    ['powerState', constant('VirtualMachinePowerState', template ? 'poweredOff' : state.power)],
    ['toolsInstallerMounted', bool(false)],
    ...boot,
    ['numMksConnections', int(0)],
  ]);
}

function summary({ spec }: Machine, state: LifeState, of: Ref): Value {
  return object('VirtualMachineSummary', [
    ['vm', ref(of)],
    ['runtime', runtime(spec.template === true, state)],
    [
      'guest',
      object('VirtualMachineGuestSummary', [
        ['guestId', string('debian12_64Guest')],
        ['guestFullName', string('Debian GNU/Linux 12 (64-bit)')],
        ['hostName', string(`host-of-${spec.id}`)],
        ['ipAddress', string(addressOf(spec.id))],
      ]),
    ],
    [
      'config',
      object('VirtualMachineConfigSummary', [
        ['name', string(state.name)],
        ['template', bool(spec.template === true)],
        ['vmPathName', string(`[store1] ${spec.id}/${spec.id}.vmx`)],
        ['memorySizeMB', int(state.memoryMb)],
        ['numCpu', int(state.vcpus)],
        ['numEthernetCards', int(spec.nics.length)],
        ['numVirtualDisks', int(spec.disks.length)],
        ['uuid', string(spec.biosUuid)],
        ['instanceUuid', string(spec.instanceUuid)],
        ['guestId', string('debian12_64Guest')],
        ['guestFullName', string('Debian GNU/Linux 12 (64-bit)')],
        ['annotation', string(`machine ${spec.id} <"&'>`)],
      ]),
    ],
    [
      'storage',
      object('VirtualMachineStorageSummary', [
        ['committed', long(spec.disks.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0))],
        ['uncommitted', long(0)],
        ['unshared', long(0)],
        ['timestamp', time(0)],
      ]),
    ],
    [
      'quickStats',
      object('VirtualMachineQuickStats', [
        ['overallCpuUsage', int(100)],
        ['guestHeartbeatStatus', constant('ManagedEntityStatus', 'green')],
        ['uptimeSeconds', int(0)],
      ]),
    ],
    ['overallStatus', constant('ManagedEntityStatus', 'green')],
  ]);
}

const addressOf = (id: string): string => `10.0.${(hash(id) >>> 8) & 255}.${hash(id) & 255}`;
