import { textOf, type XmlRecord } from '../xml-record.ts';
import { isTrue } from './answers.ts';
import { type Devices, NO_DEVICES, readDevices, wholeOf } from './devices.ts';
import { parseInstant } from './instant.ts';

/** What is known of a VM; null: not told, or not set. */
export interface Vm {
  readonly name: string | null;
  readonly instanceUuid: string | null;
  readonly biosUuid: string | null;
  /** `nvp.vm-uuid`, which nova sets to the instance's uuid. */
  readonly novaUuid: string | null;
  readonly template: boolean;
  readonly cpus: bigint | null;
  readonly memoryMb: bigint | null;
  readonly devices: Devices;
  /** poweredOn, poweredOff, suspended */
  readonly powerState: string | null;
  /** connected, disconnected, orphaned, inaccessible, invalid */
  readonly connectionState: string | null;
  /** The host's object id. */
  readonly host: string | null;
  /** Microseconds since 1970. */
  readonly bootTime: number | null;
  readonly guest: string | null;
  readonly annotation: string | null;
}

export interface EsxHost {
  readonly name: string | null;
  readonly uuid: string | null;
  readonly threads: bigint | null;
  /** Bytes */
  readonly memory: bigint | null;
  readonly model: string | null;
  /** poweredOn, poweredOff, standBy, unknown */
  readonly powerState: string | null;
  /** connected, notResponding, disconnected */
  readonly connectionState: string | null;
  readonly bootTime: number | null;
}

export const UNKNOWN_VM: Vm = {
  name: null,
  instanceUuid: null,
  biosUuid: null,
  novaUuid: null,
  template: false,
  cpus: null,
  memoryMb: null,
  devices: NO_DEVICES,
  powerState: null,
  connectionState: null,
  host: null,
  bootTime: null,
  guest: null,
  annotation: null,
};

export const UNKNOWN_HOST: EsxHost = {
  name: null,
  uuid: null,
  threads: null,
  memory: null,
  model: null,
  powerState: null,
  connectionState: null,
  bootTime: null,
};

type Readers<Thing> = Readonly<Record<string, (value: XmlRecord | null) => Partial<Thing>>>;

const text = (value: XmlRecord | null): string | null => value?.text || null;
const whole = (value: XmlRecord | null): bigint | null => wholeOf(text(value));
const time = (value: XmlRecord | null): number | null => (value === null ? null : parseInstant(value.text));

/** Properties by path, as the filter asks for them. */
const VM_PROPERTIES: Readers<Vm> = {
  name: (value) => ({ name: unescapeName(text(value)) }),
  'config.instanceUuid': (value) => ({ instanceUuid: text(value) }),
  'config.uuid': (value) => ({ biosUuid: text(value) }),
  // An OptionValue; a server that gives the bare value is understood as well.
  'config.extraConfig["nvp.vm-uuid"]': (value) => ({ novaUuid: textOf(value ?? undefined, 'value') ?? text(value) }),
  'config.template': (value) => ({ template: isTrue(value?.text ?? '') }),
  'config.hardware.numCPU': (value) => ({ cpus: whole(value) }),
  'config.hardware.memoryMB': (value) => ({ memoryMb: whole(value) }),
  'config.hardware.device': (value) => ({ devices: value === null ? NO_DEVICES : readDevices(value) }),
  'config.guestFullName': (value) => ({ guest: text(value) }),
  'runtime.powerState': (value) => ({ powerState: text(value) }),
  'runtime.connectionState': (value) => ({ connectionState: text(value) }),
  'runtime.host': (value) => ({ host: text(value) }),
  'runtime.bootTime': (value) => ({ bootTime: time(value) }),
  'summary.config.annotation': (value) => ({ annotation: text(value) }),
};

const HOST_PROPERTIES: Readers<EsxHost> = {
  name: (value) => ({ name: unescapeName(text(value)) }),
  'hardware.systemInfo.uuid': (value) => ({ uuid: text(value) }),
  'summary.hardware.numCpuThreads': (value) => ({ threads: whole(value) }),
  'summary.hardware.memorySize': (value) => ({ memory: whole(value) }),
  'summary.hardware.model': (value) => ({ model: text(value) }),
  'runtime.powerState': (value) => ({ powerState: text(value) }),
  'runtime.connectionState': (value) => ({ connectionState: text(value) }),
  'runtime.bootTime': (value) => ({ bootTime: time(value) }),
};

/** What is asked for of each type. */
export const PATHS = { VirtualMachine: Object.keys(VM_PROPERTIES), HostSystem: Object.keys(HOST_PROPERTIES) } as const;

/** The VM with one property changed; null: it has none (any more). */
export const changeVm = (vm: Vm, path: string, value: XmlRecord | null): Vm => ({
  ...vm,
  ...VM_PROPERTIES[path]?.(value),
});

export const changeHost = (host: EsxHost, path: string, value: XmlRecord | null): EsxHost => ({
  ...host,
  ...HOST_PROPERTIES[path]?.(value),
});

/** vSphere writes `%`, `/` and `\` in names as `%25`, `%2f` and `%5c`. */
const unescapeName = (name: string | null): string | null =>
  name?.replace(/%(25|2f|5c)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) ?? null;
