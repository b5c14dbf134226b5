/** What a device belongs to: a virtual processor, a network adapter, a virtual hard disk. */
export type DeviceKind = 'vp' | 'nic' | 'vhd';

/** The counters that a load feeds: of which kind of device, in which unit, and a second's base and peak of the usual load. */
export const BASIC_COUNTERS = {
  guestRunTime: { kind: 'vp', unit: '100ns', usual: [200_003, 9_000_000] },
  hypervisorRunTime: { kind: 'vp', unit: '100ns', usual: [1_009, 500_000] },
  rxBytes: { kind: 'nic', unit: 'bytes', usual: [1_237, 20_000_000] },
  txBytes: { kind: 'nic', unit: 'bytes', usual: [937, 9_000_000] },
  rxPackets: { kind: 'nic', unit: 'number', usual: [3, 20_000] },
  txPackets: { kind: 'nic', unit: 'number', usual: [2, 9_000] },
  rxDropped: { kind: 'nic', unit: 'number', usual: [0, 1_000] },
  txDropped: { kind: 'nic', unit: 'number', usual: [0, 1_000] },
  readBytes: { kind: 'vhd', unit: 'bytes', usual: [511, 30_000_000] },
  writeBytes: { kind: 'vhd', unit: 'bytes', usual: [4_099, 50_000_000] },
  readRequests: { kind: 'vhd', unit: 'number', usual: [1, 2_000] },
  writeRequests: { kind: 'vhd', unit: 'number', usual: [2, 3_000] },
  errors: { kind: 'vhd', unit: 'number', usual: [0, 0] },
} as const satisfies Record<
  string,
  { readonly kind: DeviceKind; readonly unit: string; readonly usual: readonly [number, number] }
>;
export type BasicCounter = keyof typeof BASIC_COUNTERS;

/** Those, and the sum of what a guest and the hypervisor for it ran. */
export type Counter = BasicCounter | 'totalRunTime';

/** The counters that a counter is the sum of. */
export const partsOf = (counter: Counter): readonly BasicCounter[] =>
  counter === 'totalRunTime' ? ['guestRunTime', 'hypervisorRunTime'] : [counter];

export const kindOf = (counter: Counter): DeviceKind =>
  counter === 'totalRunTime' ? 'vp' : BASIC_COUNTERS[counter].kind;
