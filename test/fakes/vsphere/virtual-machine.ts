import type { LifeState } from './life.ts';
import { hash } from './load.ts';
import type { Machine } from './machine.ts';
import { type Managed, managed } from './managed.ts';
import {
  anyString,
  bool,
  constant,
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
import { controllers, disk, nic } from './virtual-device.ts';

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
