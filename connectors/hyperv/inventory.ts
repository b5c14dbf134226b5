import type { State } from '../../avro/snapshot.ts';
import { diskKey, guidOf, guidsIn } from '../wmi-names.ts';
import type { InventoryPart } from './classes.ts';
import type { WmiRow } from './protocol.ts';
import { type Numbers, textOf, textsOf } from './values.ts';

export interface VmNic {
  /** The port's GUID, which is in the name of its performance row. */
  readonly port: string;
  /** `00:15:5d:0a:0b:0c`; null while none was given to it. */
  readonly mac: string | null;
  readonly name: string | null;
}

export interface VmDisk {
  /** Controller and place, which outlive the file: what follows the VM's GUID in the settings' id. */
  readonly id: string;
  readonly path: string;
  /** Of the path, as its performance row is called. */
  readonly key: string;
}

/** A virtual machine as its host has it. */
export interface Vm {
  /** In lower case. */
  readonly guid: string;
  readonly name: string | null;
  readonly state: State;
  /** The uuid that nova left in the notes. */
  readonly novaUuid: string | null;
  /** Of the worker process in which it runs, from its start or restore to its end: another one is another life. */
  readonly processId: string | null;
  readonly changedAt: string | null;
  /** Since it was turned on, reset or restored, pauses left out; null if it is not on. */
  readonly onTimeMs: number | null;
  /** How many virtual processors it is to have. */
  readonly vcpus: number | null;
  readonly nics: readonly VmNic[];
  readonly disks: readonly VmDisk[];
}

export interface Inventory {
  /** The host's own name. */
  readonly host: string | null;
  readonly vms: readonly Vm[];
}

export type InventoryRows = Readonly<Record<InventoryPart, readonly WmiRow[]>>;

/** A VM is what has a GUID for a name: captions are translated. The host is the other one. */
export function readInventory(rows: InventoryRows, numbers: Numbers): Inventory {
  const { notes, described } = notesByVm(rows.settings);
  const nics = byVm(rows.ports, nicOf);
  const disks = byVm(rows.storage, diskOf);
  const vcpus = byVm(rows.processors, (row) => numbers.of(row, 'VirtualQuantity'));
  const vms: Vm[] = [];
  let host: string | null = null;
  for (const row of rows.systems) {
    const name = textOf(row, 'Name');
    const guid = guidOf(name);
    if (guid === null) {
      host ??= name;
      continue;
    }
    // Newer than the settings are, which may be those of an earlier time: what nova calls it is not known yet.
    if (rows.settings.length > 0 && !described.has(guid)) continue;
    const state = stateOf(textOf(row, 'EnabledState'));
    const processId = textOf(row, 'ProcessID');
    const onTime = numbers.of(row, 'OnTimeInMilliseconds');
    vms.push({
      guid,
      name: textOf(row, 'ElementName'),
      state,
      novaUuid: notes.get(guid) ?? null,
      processId: processId === '0' ? null : processId,
      changedAt: textOf(row, 'TimeOfLastStateChange'),
      onTimeMs: onTime === null || !isOn(state) ? null : Number(onTime),
      vcpus: vcpusOf(vcpus.get(guid)),
      nics: nics.get(guid) ?? [],
      disks: disks.get(guid) ?? [],
    });
  }
  return { host, vms };
}

/** Of a VM's one setting of processors. */
const vcpusOf = (quantities: readonly bigint[] = []): number | null =>
  quantities[0] === undefined || quantities.length > 1 ? null : Number(quantities[0]);

/** Has a partition, and so counters. */
export const isOn = (state: State): boolean => !['SHUTOFF', 'SUSPENDED', 'CRASHED'].includes(state);

const REALIZED = 'Microsoft:Hyper-V:System:Realized';

/**
 * compute-hyperv writes the instance's uuid as the first line of the notes. Checkpoints have settings as well. `described`:
 * the VMs that have settings.
 */
function notesByVm(settings: readonly WmiRow[]): {
  readonly notes: ReadonlyMap<string, string>;
  readonly described: ReadonlySet<string>;
} {
  const notes = new Map<string, string>();
  const described = new Set<string>();
  for (const row of settings) {
    const guid = guidOf(textOf(row, 'VirtualSystemIdentifier'));
    const type = textOf(row, 'VirtualSystemType');
    if (guid === null || (type !== null && type !== REALIZED)) continue;
    described.add(guid);
    const uuid = guidOf(textOf(row, 'Notes')?.split(/\r?\n/, 1)[0] ?? null);
    if (uuid !== null) notes.set(guid, uuid);
  }
  return { notes, described };
}

/** The parts of each VM: their id is `Microsoft:<VM's GUID>\…`. Those of checkpoints go by other GUIDs. */
function byVm<Part>(rows: readonly WmiRow[], partOf: (row: WmiRow, rest: string) => Part | null): Map<string, Part[]> {
  const parts = new Map<string, Part[]>();
  for (const row of rows) {
    const [, guid = '', rest] = /^Microsoft:([0-9a-f-]{36})\\(.+)$/is.exec(textOf(row, 'InstanceID') ?? '') ?? [];
    const part = rest === undefined ? null : partOf(row, rest);
    if (part === null) continue;
    const vm = guid.toLowerCase();
    const others = parts.get(vm);
    if (others) others.push(part);
    else parts.set(vm, [part]);
  }
  return parts;
}

function nicOf(row: WmiRow, rest: string): VmNic | null {
  const [port] = guidsIn(rest);
  if (port === undefined) return null;
  return { port, mac: macOf(textOf(row, 'Address')), name: textOf(row, 'ElementName') };
}

function macOf(text: string | null): string | null {
  const digits = text?.replaceAll(/[:-]/g, '').toLowerCase() ?? '';
  if (!/^[0-9a-f]{12}$/.test(digits) || digits === '000000000000') return null;
  return (digits.match(/../g) ?? []).join(':');
}

const NO_DISK = /CD\/DVD|Floppy/i;

function diskOf(row: WmiRow, id: string): VmDisk | null {
  const [path] = textsOf(row, 'HostResource');
  if (path === undefined || NO_DISK.test(textOf(row, 'ResourceSubType') ?? '')) return null;
  return { id, path, key: diskKey(path) };
}

/**
 * `EnabledState`, of both versions of the namespace (learn.microsoft.com, Msvm_ComputerSystem): what is on its way from
 * one state to another has a partition still, or already.
 */
const STATES: Readonly<Record<string, State>> = {
  2: 'RUNNING',
  3: 'SHUTOFF',
  4: 'SHUTDOWN',
  6: 'SUSPENDED',
  9: 'PAUSED',
  10: 'RUNNING',
  11: 'RUNNING',
  32768: 'PAUSED',
  32769: 'SUSPENDED',
  32770: 'RUNNING',
  32773: 'RUNNING',
  32774: 'SHUTDOWN',
  32776: 'RUNNING',
  32777: 'PAUSED',
  32779: 'SUSPENDED',
  32780: 'RUNNING',
  32781: 'RUNNING',
  32782: 'SHUTOFF',
  32783: 'SHUTDOWN',
  32784: 'SUSPENDED',
  32785: 'PAUSED',
};

const stateOf = (text: string | null): State => STATES[text ?? ''] ?? 'NOSTATE';
