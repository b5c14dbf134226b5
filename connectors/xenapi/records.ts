import { isList, membersOf, type Value } from './protocol.ts';

/** What is kept of XAPI's objects. References are opaque; absent ones null. */
export interface VmRecord {
  readonly uuid: string;
  readonly name: string | null;
  readonly powerState: string | null;
  readonly residentOn: string | null;
  readonly domid: number | null;
  /** A virtual machine of somebody's: no template, no snapshot, no control domain. */
  readonly metered: boolean;
  readonly metrics: string | null;
  readonly guestMetrics: string | null;
  readonly vcpusMax: number | null;
  readonly otherConfig: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** Something is under way that will take its domain away from where it is. */
  readonly isLeaving: boolean;
}

export interface VmMetricsRecord {
  readonly vcpus: number | null;
  /** Microseconds, null if it never started. */
  readonly startTime: number | null;
  readonly installTime: number | null;
}

export interface VifRecord {
  readonly uuid: string | null;
  readonly vm: string | null;
  /** `0`, `1` …: the n of `vif_<n>`. */
  readonly device: string;
  /** Lower case. */
  readonly mac: string | null;
}

export interface VbdRecord {
  readonly vm: string | null;
  readonly vdi: string | null;
  /** `xvda`, `hda` …; empty while it is not attached. */
  readonly device: string;
  readonly isDisk: boolean;
}

/** Sizes in bytes, null where the storage does not tell. */
export interface VdiRecord {
  readonly virtualSize: bigint | null;
  readonly physicalUtilisation: bigint | null;
}

export interface HostRecord {
  readonly uuid: string;
  readonly name: string | null;
  readonly address: string;
  readonly metrics: string | null;
  readonly cpus: number | null;
  /** Microseconds. */
  readonly bootTime: number | null;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A uuid in lower case; null if it is none. */
export function uuidOf(text: string | null): string | null {
  const lower = text?.trim().toLowerCase() ?? '';
  return UUID.test(lower) ? lower : null;
}

/** Of vm_operations: after them its columns are gone, or at another host. */
const LEAVING = new Set(['clean_shutdown', 'hard_shutdown', 'shutdown', 'suspend', 'pool_migrate', 'migrate_send']);

/** Undefined: it has no uuid, which no virtual machine lacks. */
export function readVm(record: Value): VmRecord | undefined {
  const of = membersOf(record);
  const uuid = uuidOf(textOf(of.uuid));
  if (uuid === null) return undefined;
  return {
    uuid,
    name: textOf(of.name_label),
    powerState: textOf(of.power_state),
    residentOn: referenceOf(of.resident_on),
    domid: numberOf(of.domid),
    metered: of.is_a_template !== true && of.is_a_snapshot !== true && of.is_control_domain !== true,
    metrics: referenceOf(of.metrics),
    guestMetrics: referenceOf(of.guest_metrics),
    vcpusMax: numberOf(of.VCPUs_max),
    otherConfig: textsOf(of.other_config),
    tags: isList(of.tags) ? of.tags.filter((tag) => typeof tag === 'string') : [],
    isLeaving: Object.values(textsOf(of.current_operations)).some((operation) => LEAVING.has(operation)),
  };
}

export function readVmMetrics(record: Value): VmMetricsRecord {
  const of = membersOf(record);
  return {
    vcpus: numberOf(of.VCPUs_number) || null,
    startTime: timeOf(of.start_time),
    installTime: timeOf(of.install_time),
  };
}

/** The guest's operating system as its tools tell it. */
export function readGuestMetrics(record: Value): { readonly osType: string | null } {
  const version = membersOf(membersOf(record).os_version);
  return { osType: textOf(version.distro) ?? textOf(version.name) };
}

export function readVif(record: Value): VifRecord {
  const of = membersOf(record);
  return {
    uuid: uuidOf(textOf(of.uuid)),
    vm: referenceOf(of.VM),
    device: textOf(of.device) ?? '',
    mac: textOf(of.MAC)?.toLowerCase() ?? null,
  };
}

export function readVbd(record: Value): VbdRecord {
  const of = membersOf(record);
  return {
    vm: referenceOf(of.VM),
    vdi: referenceOf(of.VDI),
    device: textOf(of.device) ?? '',
    isDisk: of.type !== 'CD' && of.type !== 'Floppy',
  };
}

export function readVdi(record: Value): VdiRecord {
  const of = membersOf(record);
  return { virtualSize: sizeOf(of.virtual_size), physicalUtilisation: sizeOf(of.physical_utilisation) };
}

/** Undefined: it has no uuid. */
export function readHost(record: Value): HostRecord | undefined {
  const of = membersOf(record);
  const uuid = uuidOf(textOf(of.uuid));
  if (uuid === null) return undefined;
  const bootS = Number(textOf(membersOf(of.other_config).boot_time) ?? Number.NaN);
  return {
    uuid,
    name: textOf(of.name_label) ?? textOf(of.hostname),
    address: textOf(of.address) ?? '',
    metrics: referenceOf(of.metrics),
    cpus: numberOf(membersOf(of.cpu_info).cpu_count),
    bootTime: bootS > 0 && bootS < 1e11 ? Math.round(bootS * 1e6) : null,
  };
}

export const readHostMetrics = (record: Value): { readonly live: boolean } => ({
  live: membersOf(record).live !== false,
});

/** The reference to the coordinator. */
export const readPool = (record: Value): { readonly master: string | null } => ({
  master: referenceOf(membersOf(record).master),
});

const textOf = (value: Value | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);

const referenceOf = (value: Value | undefined): string | null => {
  const reference = textOf(value);
  return reference === null || reference === 'OpaqueRef:NULL' ? null : reference;
};

const textsOf = (value: Value | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(membersOf(value)).filter((entry) => typeof entry[1] === 'string')) as Record<
    string,
    string
  >;

/** Whole numbers are numbers in JSON and text in XML-RPC; -1 says that there is none. */
function numberOf(value: Value | undefined): number | null {
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

function sizeOf(value: Value | undefined): bigint | null {
  const number = numberOf(value);
  return number === null ? null : BigInt(number);
}

const TIME = /^(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(?:\.\d+)?Z?$/;

/** `20260308T10:00:00Z`, with or without hyphens, in microseconds; null for 1970, which stands for never. */
export function timeOf(value: Value | undefined): number | null {
  const parts = TIME.exec(textOf(value) ?? '');
  if (parts === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  return ms > 0 ? ms * 1000 : null;
}

/** A time as XAPI writes it, which names an epoch: `20260308T10:00:00Z`. Whole seconds. */
export const xapiTime = (us: number): string =>
  new Date(us / 1000)
    .toISOString()
    .replaceAll('-', '')
    .replace(/\.\d+Z$/, 'Z');
