import { EMPTY_DISK_ROW, EMPTY_NIC_ROW, EMPTY_ROW, type Instance, type Snapshot } from '../../avro/snapshot.ts';

/** A running instance with one disk, one nic and one cumulative row; spread it and change what the test is about. */
export const INSTANCE: Instance = {
  uuid: Buffer.from('6f1c2f8e4b5d4c1a9e0712345678abcd', 'hex'),
  epoch: 'boot-1/start-1',
  startedAt: 1_700_000_000_000_000,
  deletedAt: null,
  state: 'RUNNING',
  disks: [{ id: 'vda', epoch: null }],
  nics: [{ id: 'fa:16:3e:11:22:33', epoch: 'tap1/7' }],
  rows: [
    {
      ...EMPTY_ROW,
      observedAt: 1_700_000_010_000_123,
      cpuTime: 9_007_199_254_740_993n,
      vcpus: 2n,
      disks: [{ ...EMPTY_DISK_ROW, readBytes: 4096n, capacity: 1n << 40n }],
      nics: [{ ...EMPTY_NIC_ROW, rxBytes: (1n << 64n) - 1n }],
      extras: [{ name: 'perf.instructions', device: null, counter: true, value: 1n << 63n }],
    },
  ],
  identity: null,
};

/** A complete poll of one instance. */
export const SNAPSHOT: Snapshot = {
  source: { kind: 'libvirt', hypervisor: 'kvm1', collector: 'c1', generation: 1, bootedAt: null },
  poll: {
    sequence: 7,
    scheduledAt: 1_700_000_010_000_000,
    startedAt: 1_700_000_010_000_050,
    endedAt: 1_700_000_010_000_200,
    interval: 10_000_000,
    instances: 1,
    slice: 3,
    slices: 12,
    partial: null,
  },
  hosts: [],
  instances: [INSTANCE],
};
