import { createHash } from 'node:crypto';
import type { Disk, Nic, Vm } from './life.ts';
import type { Wire } from './wire.ts';
import type { Host, World } from './world.ts';

export type Fields = { readonly [field: string]: Wire };

/** Classes that the fake has objects of; XenAPI has some seventy. */
export const CLASSES = [
  'pool',
  'host',
  'host_metrics',
  'VM',
  'VM_metrics',
  'VM_guest_metrics',
  'VIF',
  'VBD',
  'VDI',
  'SR',
  'network',
  'PIF',
  'task',
] as const;
export type ClassName = (typeof CLASSES)[number];

const NULL_REF = 'OpaqueRef:NULL';

/** A uuid that is always the same for the same words. */
export function uuidOf(...words: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(words.join('/')).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

export const refOf = (className: ClassName, uuid: string): string => `OpaqueRef:${uuidOf('ref', className, uuid)}`;
export const hostRef = (host: Host | undefined): string => (host ? refOf('host', host.uuid) : NULL_REF);
const date = (us: number): Date => new Date(Math.floor(us / 1e6) * 1000);

/** What there is of a VM besides itself; guest metrics only while tools run. */
export function partsOf(
  vm: Vm,
): readonly { readonly className: ClassName; readonly ref: string; readonly part: number }[] {
  const { uuid } = vm;
  return [
    { className: 'VM_metrics', ref: refOf('VM_metrics', uuid), part: 0 },
    ...vm.nics.map((_, i) => ({ className: 'VIF' as const, ref: refOf('VIF', `${uuid}/${i}`), part: i })),
    ...vm.disks.map((_, i) => ({ className: 'VBD' as const, ref: refOf('VBD', `${uuid}/${i}`), part: i })),
    ...vm.disks.map((_, i) => ({ className: 'VDI' as const, ref: refOf('VDI', `${uuid}/${i}`), part: i })),
  ];
}

export function vmRecord(world: World, vm: Vm, now: number): Fields {
  const { power, domain, name } = world.standing(vm.uuid, now);
  const isOn = power === 'Running';
  const host = isOn && domain ? hostRef(world.hosts[domain.host]) : NULL_REF;
  const parts = partsOf(vm);
  const refs = (className: ClassName): string[] =>
    parts.flatMap((each) => (each.className === className ? [each.ref] : []));
  return {
    uuid: vm.uuid,
    name_label: name,
    name_description: '',
    power_state: power,
    allowed_operations: [],
    is_a_template: vm.kind === 'template',
    is_a_snapshot: vm.kind === 'snapshot',
    is_control_domain: vm.kind === 'control',
    is_default_template: false,
    resident_on: host,
    affinity: NULL_REF,
    domid: isOn && domain ? `${vm.kind === 'control' ? 0 : domain.domid}` : '-1',
    VCPUs_max: `${vm.cpus.length}`,
    VCPUs_at_startup: `${vm.cpus.length}`,
    memory_static_max: `${vm.memoryBytes}`,
    memory_dynamic_max: `${vm.memoryBytes}`,
    memory_dynamic_min: `${vm.memoryBytes}`,
    memory_static_min: '0',
    metrics: refOf('VM_metrics', vm.uuid),
    guest_metrics: isOn && vm.freeKib ? refOf('VM_guest_metrics', vm.uuid) : NULL_REF,
    VIFs: refs('VIF'),
    VBDs: refs('VBD'),
    snapshot_of: NULL_REF,
    snapshots: [],
    other_config: vm.otherConfig,
    tags: vm.tags,
    HVM_boot_policy: 'BIOS order',
  };
}

export function metricsRecord(world: World, vm: Vm, now: number): Fields {
  const { power, startedAt } = world.standing(vm.uuid, now);
  return {
    uuid: uuidOf('VM_metrics', vm.uuid),
    memory_actual: `${power === 'Running' ? vm.memoryBytes : 0}`,
    VCPUs_number: `${power === 'Running' ? vm.cpus.length : 0}`,
    start_time: date(startedAt),
    install_time: date(0),
    last_updated: date(now),
    hvm: true,
    other_config: {},
  };
}

export const guestMetricsRecord = (world: World, vm: Vm, now: number): Fields => ({
  uuid: uuidOf('VM_guest_metrics', vm.uuid),
  os_version: { name: 'Debian GNU/Linux 12', distro: 'debian' },
  PV_drivers_version: { major: '8', minor: '4', micro: '0', build: '1' },
  PV_drivers_detected: true,
  networks: Object.fromEntries(vm.nics.map(({ device }) => [`${device}/ip`, `10.0.0.${device + 2}`])),
  live: true,
  last_updated: date(world.standing(vm.uuid, now).startedAt),
  other_config: {},
});

export const vifRecord = (world: World, vm: Vm, { device, mac }: Nic, isOn: boolean): Fields => ({
  uuid: uuidOf('VIF', vm.uuid, device),
  device: `${device}`,
  MAC: mac,
  MTU: '1500',
  VM: refOf('VM', vm.uuid),
  network: refOf('network', world.uuid),
  currently_attached: isOn,
  other_config: {},
});

export const vbdRecord = (vm: Vm, { device }: Disk, part: number, isOn: boolean): Fields => ({
  uuid: uuidOf('VBD', vm.uuid, part),
  device,
  userdevice: `${part}`,
  VM: refOf('VM', vm.uuid),
  VDI: refOf('VDI', `${vm.uuid}/${part}`),
  type: 'Disk',
  mode: 'RW',
  bootable: part === 0,
  empty: false,
  currently_attached: isOn,
  other_config: {},
});

export const vdiRecord = (world: World, vm: Vm, { bytes, device }: Disk, part: number): Fields => ({
  uuid: uuidOf('VDI', vm.uuid, part),
  name_label: `${vm.name} ${device}`,
  virtual_size: `${bytes}`,
  physical_utilisation: `${Math.floor(bytes / 4)}`,
  type: 'user',
  SR: refOf('SR', world.uuid),
  VBDs: [refOf('VBD', `${vm.uuid}/${part}`)],
  is_a_snapshot: false,
  other_config: {},
});

export const hostRecord = (host: Host, address: string): Fields => ({
  uuid: host.uuid,
  name_label: host.name,
  hostname: host.name,
  address,
  enabled: true,
  metrics: refOf('host_metrics', host.uuid),
  API_version_major: '2',
  API_version_minor: '21',
  software_version: { product_brand: 'XCP-ng', product_version: '8.3.0', xapi: '26.10', xapi_build: '26.10.0' },
  cpu_info: { cpu_count: `${host.cpus.length}`, socket_count: '1', speed: '2400.000', vendor: 'GenuineIntel' },
  resident_VMs: [],
  PIFs: [refOf('PIF', host.uuid)],
  tags: [],
  other_config: {},
});

export const hostMetricsRecord = (host: Host, now: number): Fields => ({
  uuid: uuidOf('host_metrics', host.uuid),
  memory_total: `${host.memoryKib * 1024}`,
  memory_free: `${Math.floor(host.memoryKib / 2) * 1024}`,
  live: true,
  last_updated: date(now),
  other_config: {},
});

export const pifRecord = (world: World, host: Host, address: string): Fields => ({
  uuid: uuidOf('PIF', host.uuid),
  device: 'eth0',
  host: hostRef(host),
  network: refOf('network', world.uuid),
  IP: address,
  management: true,
  other_config: {},
});

export const plainRecord = (world: World, className: 'SR' | 'network'): Fields => ({
  uuid: uuidOf(className, world.uuid),
  name_label: className === 'SR' ? 'Local storage' : 'Pool-wide network associated with eth0',
  name_description: '',
  other_config: {},
});
