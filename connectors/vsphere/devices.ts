import { child, textOf, type XmlRecord } from '../xml-record.ts';

/** A virtual disk of a VM. */
export interface Disk {
  /** As the virtualDisk counters name it: `scsi0:1`. */
  readonly instance: string;
  readonly bus: string | null;
  /** `[datastore1] vm/disk.vmdk` */
  readonly fileName: string | null;
  readonly uuid: string | null;
  /** Bytes */
  readonly capacity: bigint | null;
}

/** A virtual network card of a VM. */
export interface Nic {
  /** As the net counters name it: the device's key, `4000`. */
  readonly instance: string;
  /** `Network adapter 1` */
  readonly label: string | null;
  /** In lower case. */
  readonly mac: string | null;
  /** Of the network or the port group; a distributed port group is known by its key only. */
  readonly network: string | null;
  /** Of the port: a distributed switch's, or an NSX network's (neutron's port id there). */
  readonly portId: string | null;
}

export interface Devices {
  readonly disks: readonly Disk[];
  readonly nics: readonly Nic[];
}

export const NO_DEVICES: Devices = { disks: [], nics: [] };

/** The disks and nics of `config.hardware.device`, an ArrayOfVirtualDevice. */
export function readDevices(value: XmlRecord): Devices {
  const buses = new Map<string, string>();
  for (const device of value.children) {
    const bus = busOf(device.xsiType ?? '');
    const key = textOf(device, 'key');
    if (bus !== null && key !== null) buses.set(key, `${bus}${textOf(device, 'busNumber') ?? '0'}`);
  }
  return {
    disks: value.children.filter(({ xsiType }) => xsiType === 'VirtualDisk').flatMap((disk) => readDisk(disk, buses)),
    // Every kind of card has an address, and nothing else has.
    nics: value.children.filter((device) => child(device, 'macAddress') !== undefined).flatMap(readNic),
  };
}

/** By the classes of VirtualController: VirtualLsiLogicController, ParaVirtualSCSIController … */
function busOf(type: string): string | null {
  if (!type.endsWith('Controller')) return null;
  if (/SCSI|Lsi|BusLogic/.test(type)) return 'scsi';
  if (/AHCI|SATA/.test(type)) return 'sata';
  if (/NVME/.test(type)) return 'nvme';
  return type.includes('IDE') ? 'ide' : null;
}

const KIB = 1024n;

function readDisk(disk: XmlRecord, buses: ReadonlyMap<string, string>): Disk[] {
  const bus = buses.get(textOf(disk, 'controllerKey') ?? '');
  const unit = textOf(disk, 'unitNumber');
  // Without them nothing of it can be read.
  if (bus === undefined || unit === null) return [];
  const backing = child(disk, 'backing');
  const bytes = wholeOf(textOf(disk, 'capacityInBytes'));
  const kib = wholeOf(textOf(disk, 'capacityInKB'));
  return [
    {
      instance: `${bus}:${unit}`,
      bus: bus.replace(/\d+$/, ''),
      fileName: textOf(backing, 'fileName'),
      uuid: textOf(backing, 'uuid'),
      capacity: bytes ?? (kib === null ? null : kib * KIB),
    },
  ];
}

export const wholeOf = (text: string | null): bigint | null =>
  text !== null && /^\d{1,19}$/.test(text) ? BigInt(text) : null;

function readNic(card: XmlRecord): Nic[] {
  const key = textOf(card, 'key');
  if (key === null) return [];
  const backing = child(card, 'backing');
  const port = child(backing, 'port');
  return [
    {
      instance: key,
      label: textOf(child(card, 'deviceInfo'), 'label'),
      mac: textOf(card, 'macAddress')?.toLowerCase() ?? null,
      network: textOf(backing, 'deviceName') ?? textOf(port, 'portgroupKey') ?? textOf(backing, 'opaqueNetworkId'),
      portId: textOf(card, 'externalId') ?? textOf(port, 'portKey'),
    },
  ];
}
