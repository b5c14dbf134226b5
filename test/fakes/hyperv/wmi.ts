import type { View } from './dialect.ts';
import * as inventory from './inventory-classes.ts';
import * as perf from './perf-classes.ts';
import type { Namespace, Row, Value } from './wmi-value.ts';
import { dateTime } from './wmi-value.ts';
import type { Query } from './wql.ts';

interface WmiClass {
  readonly namespace: Namespace;
  readonly name: string;
  readonly rows: (view: View) => readonly Row[];
  /** Classes that it is a kind of, nearest first. */
  readonly kindOf?: readonly string[];
  /** Properties that came with a later build of Windows. */
  readonly since?: Readonly<Record<string, number>>;
}

const perfClass = (name: string, rows: WmiClass['rows'], since: WmiClass['since'] = {}): WmiClass => ({
  namespace: 'root/cimv2',
  name: `Win32_PerfRawData_${name}`,
  rows,
  kindOf: ['Win32_PerfRawData', 'Win32_Perf'],
  since,
});
const hostClass = (name: string, rows: WmiClass['rows']): WmiClass => ({ namespace: 'root/cimv2', name, rows });
const hypervClass = (name: string, rows: WmiClass['rows'], ...kindOf: readonly string[]): WmiClass => ({
  namespace: 'root/virtualization/v2',
  name,
  rows,
  kindOf,
});

const CLASSES: readonly WmiClass[] = [
  perfClass('HvStats_HyperVHypervisorVirtualProcessor', perf.virtualProcessors),
  perfClass('HvStats_HyperVHypervisorLogicalProcessor', perf.logicalProcessors),
  perfClass('HvStats_HyperVHypervisorRootVirtualProcessor', perf.rootProcessors),
  perfClass('NvspNicStats_HyperVVirtualNetworkAdapter', perf.networkAdapters),
  perfClass('EthernetPerfProvider_HyperVLegacyNetworkAdapter', perf.legacyAdapters),
  perfClass('Counters_HyperVVirtualStorageDevice', perf.storageDevices),
  perfClass('BalancerStats_HyperVDynamicMemoryVM', perf.dynamicMemory, { GuestAvailableMemory: 17_763 }),
  perfClass('VidPerfProvider_HyperVVMVidPartition', perf.vidPartitions),
  hostClass('Win32_ComputerSystemProduct', inventory.products),
  hostClass('Win32_OperatingSystem', inventory.operatingSystems),
  hostClass('Win32_ComputerSystem', inventory.computers),
  hypervClass('Msvm_ComputerSystem', inventory.computerSystems, 'CIM_ComputerSystem'),
  hypervClass('Msvm_SummaryInformation', inventory.summaries, 'Msvm_SummaryInformationBase'),
  hypervClass('Msvm_VirtualSystemSettingData', inventory.systemSettings, 'CIM_VirtualSystemSettingData'),
  hypervClass('Msvm_ProcessorSettingData', inventory.processors, 'CIM_ResourceAllocationSettingData'),
  hypervClass('Msvm_SyntheticEthernetPortSettingData', inventory.ethernetPorts, 'CIM_ResourceAllocationSettingData'),
  hypervClass('Msvm_EmulatedEthernetPortSettingData', inventory.emulatedPorts, 'CIM_ResourceAllocationSettingData'),
  hypervClass('Msvm_StorageAllocationSettingData', inventory.storageAllocations, 'CIM_ResourceAllocationSettingData'),
];

/** What a host lacks: classes, or `Class.Property`. */
export type Lacks = readonly string[];

/** A query that WMI refuses, by the name of its error. */
export class WmiError extends Error {
  override readonly name = 'WmiError';
  readonly status: 'WBEM_E_INVALID_CLASS' | 'WBEM_E_INVALID_QUERY';

  constructor(status: WmiError['status'], message: string) {
    super(message);
    this.status = status;
  }
}

/** A result: which class an instance is of, and its properties. */
export interface Found {
  readonly className: string;
  readonly row: Row;
}

/** The instances of a query at the moment of the view. Names of classes and properties match without regard to case. */
export function select(view: View, namespace: Namespace, query: Query, lacks: Lacks = []): readonly Found[] {
  const wanted = query.from.toLowerCase();
  const classes = CLASSES.filter(
    ({ namespace: where, name, kindOf = [] }) =>
      where === namespace && !lacks.includes(name) && [name, ...kindOf].some((each) => each.toLowerCase() === wanted),
  );
  if (classes.length === 0) throw new WmiError('WBEM_E_INVALID_CLASS', `Invalid class ${query.from}`);
  const build = view.world.hosts.get(view.host)?.build ?? 0;
  return classes.flatMap((each) =>
    each
      .rows(view)
      .map((row) => ({ className: each.name, row: ofBuild(each, row, build, lacks) }))
      .filter(({ row }) => query.where.every(([property, value]) => isEqual(propertyOf(row, property), value)))
      .map(({ className, row }) => ({
        className,
        row: query.properties === null ? row : project(row, query.properties),
      })),
  );
}

function ofBuild({ name, since = {} }: WmiClass, row: Row, build: number, lacks: Lacks): Row {
  const missing = (property: string): boolean =>
    build < (since[property] ?? 0) || lacks.includes(`${name}.${property}`);
  return Object.fromEntries(Object.entries(row).filter(([property]) => !missing(property)));
}

function nameOf(row: Row, property: string): string {
  const name = Object.keys(row).find((each) => each.toLowerCase() === property.toLowerCase());
  if (name === undefined) throw new WmiError('WBEM_E_INVALID_QUERY', `Invalid query: no property ${property}`);
  return name;
}

const propertyOf = (row: Row, property: string): Value => row[nameOf(row, property)] ?? null;

const project = (row: Row, properties: readonly string[]): Row =>
  Object.fromEntries(properties.map((property) => [nameOf(row, property), propertyOf(row, property)]));

function isEqual(value: Value, text: string): boolean {
  if (value === null || Array.isArray(value)) return false;
  if (typeof value === 'object') return 'us' in value && dateTime(value) === text;
  return String(value).toLowerCase() === text.toLowerCase();
}
