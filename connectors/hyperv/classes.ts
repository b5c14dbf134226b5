import type { Query } from './protocol.ts';

/** A class of WMI and what of it is read. */
export interface WmiClass {
  /** For people. */
  readonly title: string;
  readonly namespace: string;
  readonly name: string;
  readonly properties: readonly string[];
  /** What builds before some have not: a query that names it is refused as a whole. */
  readonly newer?: readonly string[];
}

const PERF = 'root/cimv2';
const VIRTUALIZATION = 'root/virtualization/v2';
/** Of every raw class: 100 ns since 1601, and the host's performance counter with its frequency. */
const TIMES = ['Timestamp_Sys100NS', 'Timestamp_PerfTime', 'Frequency_PerfTime'];

/** Raw counters: 64-bit, since the partition or device began, of a whole host at once. No part of them is translated. */
export const PERF_CLASSES = {
  cpu: {
    title: 'virtual processors',
    namespace: PERF,
    name: 'Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor',
    properties: ['Name', 'PercentTotalRunTime', ...TIMES],
  },
  nic: {
    title: 'network adapters',
    namespace: PERF,
    name: 'Win32_PerfRawData_NvspNicStats_HyperVVirtualNetworkAdapter',
    properties: [
      'Name',
      'BytesReceivedPersec',
      'BytesSentPersec',
      'PacketsReceivedPersec',
      'PacketsSentPersec',
      'DroppedPacketsIncomingPersec',
      'DroppedPacketsOutgoingPersec',
      ...TIMES,
    ],
  },
  disk: {
    title: 'storage devices',
    namespace: PERF,
    name: 'Win32_PerfRawData_Counters_HyperVVirtualStorageDevice',
    properties: [
      'Name',
      'ReadBytesPersec',
      'WriteBytesPersec',
      'ReadOperationsPerSec',
      'WriteOperationsPerSec',
      ...TIMES,
    ],
  },
  memory: {
    title: 'dynamic memory',
    namespace: PERF,
    name: 'Win32_PerfRawData_BalancerStats_HyperVDynamicMemoryVM',
    properties: ['Name', 'PhysicalMemory', 'GuestVisiblePhysicalMemory', ...TIMES],
    newer: ['GuestAvailableMemory'],
  },
  pages: {
    title: 'memory pages',
    namespace: PERF,
    name: 'Win32_PerfRawData_VidPerfProvider_HyperVVMVidPartition',
    properties: ['Name', 'PhysicalPagesAllocated', ...TIMES],
  },
} as const satisfies Readonly<Record<string, WmiClass>>;
export type PerfPart = keyof typeof PERF_CLASSES;

export const INVENTORY_CLASSES = {
  systems: {
    title: 'virtual machines',
    namespace: VIRTUALIZATION,
    name: 'Msvm_ComputerSystem',
    properties: ['Name', 'ElementName', 'EnabledState', 'OnTimeInMilliseconds', 'ProcessID', 'TimeOfLastStateChange'],
  },
  settings: {
    title: 'settings of virtual machines',
    namespace: VIRTUALIZATION,
    name: 'Msvm_VirtualSystemSettingData',
    properties: ['VirtualSystemIdentifier', 'VirtualSystemType', 'Notes'],
  },
  processors: {
    title: 'processors of virtual machines',
    namespace: VIRTUALIZATION,
    name: 'Msvm_ProcessorSettingData',
    properties: ['InstanceID', 'VirtualQuantity'],
  },
  ports: {
    title: 'network adapters of virtual machines',
    namespace: VIRTUALIZATION,
    name: 'Msvm_SyntheticEthernetPortSettingData',
    properties: ['InstanceID', 'ElementName', 'Address'],
  },
  storage: {
    title: 'disks of virtual machines',
    namespace: VIRTUALIZATION,
    name: 'Msvm_StorageAllocationSettingData',
    properties: ['InstanceID', 'HostResource', 'ResourceSubType'],
  },
} as const satisfies Readonly<Record<string, WmiClass>>;

/** Of the host itself: what every one of its processors did since the boot, all partitions together, and its memory in KiB. */
export const HOST_CLASSES = {
  processors: {
    title: "the host's processors",
    namespace: PERF,
    name: 'Win32_PerfRawData_HvStats_HyperVHypervisorLogicalProcessor',
    properties: ['Name', 'PercentTotalRunTime', 'PercentIdleTime', ...TIMES],
  },
  system: {
    title: "the host's memory",
    namespace: PERF,
    name: 'Win32_OperatingSystem',
    properties: ['CSName', 'TotalVisibleMemorySize', 'FreePhysicalMemory'],
  },
} as const satisfies Readonly<Record<string, WmiClass>>;
export type HostPart = keyof typeof HOST_CLASSES;

export type InventoryPart = keyof typeof INVENTORY_CLASSES;

/** `withNewer`: with what old builds do not have. */
export const queryOf = ({ namespace, name, properties, newer = [] }: WmiClass, withNewer: boolean): Query => ({
  namespace,
  wql: `select ${[...properties, ...(withNewer ? newer : [])].join(',')} from ${name}`,
});
