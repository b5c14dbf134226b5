/** Which column of an answer holds what, for one VM or host. */
export interface Columns {
  /** By the CPU's number. */
  readonly cpus: Map<number, number>;
  memory: number | undefined;
  /** KiB. */
  internalFree: number | undefined;
  /** KiB. */
  memoryTotal: number | undefined;
  /** KiB. */
  memoryFree: number | undefined;
  /** By what stands between `vif_` and the direction: the device's number; for a host the interface's name. */
  readonly nics: Map<string, NicColumns>;
  /** By device: xvda. */
  readonly disks: Map<string, DiskColumns>;
}

export interface NicColumns {
  rx?: number;
  tx?: number;
  rx_errors?: number;
  tx_errors?: number;
}

export interface DiskColumns {
  read?: number;
  write?: number;
  iops_read?: number;
  iops_write?: number;
}

/** The columns of VMs and of hosts by uuid. */
export interface Legend {
  readonly vms: ReadonlyMap<string, Columns>;
  readonly hosts: ReadonlyMap<string, Columns>;
}

/** `AVERAGE:vm:<uuid>:<name>`; the name may hold colons, slashes and hyphens. */
const ENTRY = /^AVERAGE:(vm|host):([^:]*):(.*)$/;
/** Not `cpu_usage`, not `cpu9-P15`. */
const CPU = /^cpu(\d{1,5})$/;
const VIF = /^vif_(\d{1,5})_(rx|tx)(_errors)?$/;
const PIF = /^pif_(.+)_(rx|tx)(_errors)?$/;
/** Not `_io_throughput_read`, which is the same in MiB, and not `_iops_total`. */
const VBD = /^vbd_(.+?)_((?:iops_)?(?:read|write))$/;
/** The sum of a host's interfaces. */
const ALL_PIFS = 'aggr';

/** Finds what is metered among the columns of an answer; the first of two that have one name. */
export function readLegend(entries: readonly string[]): Legend {
  const vms = new Map<string, Columns>();
  const hosts = new Map<string, Columns>();
  entries.forEach((entry, column) => {
    const [, kind, uuid = '', name = ''] = ENTRY.exec(entry) ?? [];
    if (kind === undefined) return;
    const owners = kind === 'vm' ? vms : hosts;
    const columns = owners.get(uuid) ?? emptyColumns();
    owners.set(uuid, columns);
    if (
      !takeCpu(columns, name, column) &&
      !takeMemory(columns, kind, name, column) &&
      !takeNic(columns, kind, name, column)
    )
      takeDisk(columns, name, column);
  });
  return { vms, hosts };
}

const emptyColumns = (): Columns => ({
  cpus: new Map(),
  memory: undefined,
  internalFree: undefined,
  memoryTotal: undefined,
  memoryFree: undefined,
  nics: new Map(),
  disks: new Map(),
});

function takeCpu({ cpus }: Columns, name: string, column: number): boolean {
  const cpu = CPU.exec(name)?.[1];
  if (cpu === undefined) return false;
  if (!cpus.has(Number(cpu))) cpus.set(Number(cpu), column);
  return true;
}

function takeMemory(columns: Columns, kind: string, name: string, column: number): boolean {
  if (kind === 'vm' && name === 'memory') columns.memory ??= column;
  else if (kind === 'vm' && name === 'memory_internal_free') columns.internalFree ??= column;
  else if (kind === 'host' && name === 'memory_total_kib') columns.memoryTotal ??= column;
  else if (kind === 'host' && name === 'memory_free_kib') columns.memoryFree ??= column;
  else return false;
  return true;
}

function takeNic({ nics }: Columns, kind: string, name: string, column: number): boolean {
  const [, device, direction, errors = ''] = (kind === 'vm' ? VIF : PIF).exec(name) ?? [];
  if (device === undefined || device === ALL_PIFS) return false;
  const nic: NicColumns = nics.get(device) ?? {};
  nic[`${direction}${errors}` as keyof NicColumns] ??= column;
  nics.set(device, nic);
  return true;
}

function takeDisk({ disks }: Columns, name: string, column: number): void {
  const [, device, what] = VBD.exec(name) ?? [];
  // `vbd_xvda_io_throughput_read` would be a device called xvda_io_throughput.
  if (device === undefined || device.endsWith('_io_throughput')) return;
  const disk: DiskColumns = disks.get(device) ?? {};
  disk[what as keyof DiskColumns] ??= column;
  disks.set(device, disk);
}
