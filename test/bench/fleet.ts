import { encodeSnapshot } from '../../avro/codec.ts';
import {
  EMPTY_DISK_ROW,
  EMPTY_IDENTITY,
  EMPTY_NIC_ROW,
  EMPTY_ROW,
  type Identity,
  type Instance,
  type Snapshot,
} from '../../avro/snapshot.ts';

/** A fleet that runs steadily: nothing is born, moves or dies, every poll is complete and in time. */
export interface Fleet {
  readonly hosts: number;
  readonly instancesPerHost: number;
  /** Into how many slices each poll is cut; the instances are dealt out evenly. */
  readonly slices: number;
  readonly snapshotsPerMessage: number;
  /** Each instance carries its identity in the first cycle. */
  readonly identified: boolean;
}

/** A message of the raw topic, to be kept in a file or sent. */
export interface Message {
  /** The slice of its Snapshots. */
  readonly slice: number;
  readonly timestampUs: number;
  readonly value: Buffer;
}

/** cpu time, vcpus, four counters of each of two disks, four of each of two nics. */
const READINGS_PER_INSTANCE = 18;
const INTERVAL_US = 10e6;
/** 2026-01-01T00:00:00Z, the beginning of a window of any usual size. */
const START_US = 1_767_225_600e6;
const DEVICES = 2;

export const seriesOf = ({ hosts, instancesPerHost }: Fleet): number =>
  hosts * instancesPerHost * READINGS_PER_INSTANCE;

/** The messages of poll `n` of every host, in the order of the hosts' phases, which spread evenly over the interval. */
export function* cycle(fleet: Fleet, n: number): Generator<Message> {
  const pending = Array.from({ length: fleet.slices }, (): Buffer[] => []);
  for (let host = 0; host < fleet.hosts; host++) {
    const timestampUs = polledAt(fleet, host, n) + 500_000;
    for (const [slice, snapshots] of pending.entries()) {
      snapshots.push(encodeSnapshot(snapshotOf(fleet, host, slice, n)));
      const isLast = host === fleet.hosts - 1;
      if (snapshots.length < fleet.snapshotsPerMessage && !isLast) continue;
      yield { slice, timestampUs, value: Buffer.concat(snapshots.splice(0)) };
    }
  }
}

const polledAt = ({ hosts }: Fleet, host: number, n: number): number =>
  START_US + n * INTERVAL_US + Math.floor((host / hosts) * INTERVAL_US);

function snapshotOf(fleet: Fleet, host: number, slice: number, n: number): Snapshot {
  const at = polledAt(fleet, host, n);
  const instances: Instance[] = [];
  for (let i = slice; i < fleet.instancesPerHost; i += fleet.slices) instances.push(instanceOf(fleet, host, i, n));
  return {
    source: { kind: 'libvirt', hypervisor: `compute-${host}`, collector: 'c1', generation: START_US, bootedAt: null },
    poll: {
      sequence: n,
      scheduledAt: at,
      startedAt: at,
      endedAt: at + 80_000,
      interval: INTERVAL_US,
      instances: fleet.instancesPerHost,
      slice,
      slices: fleet.slices,
      partial: null,
    },
    hosts: [],
    instances,
  };
}

function instanceOf(fleet: Fleet, host: number, i: number, n: number): Instance {
  const serial = host * fleet.instancesPerHost + i;
  const uuid = Buffer.alloc(16, 0x5c);
  uuid.writeUInt32BE(Math.imul(serial, 0x9e3779b1) >>> 0, 0);
  uuid.writeUInt32BE(serial, 12);
  const disks = ['vda', 'vdb'].map((id) => ({ id, epoch: null }));
  const nics = [0, 1].map((nic) => ({ id: macOf(serial, nic), epoch: null }));
  return {
    uuid,
    epoch: `4c4c4544-0042-3510/${i + 1}`,
    startedAt: null,
    deletedAt: null,
    state: 'RUNNING',
    disks,
    nics,
    rows: [rowOf(serial, polledAt(fleet, host, n) + 40_000, n)],
    identity: fleet.identified && n === 0 ? identityOf(serial, nics) : null,
  };
}

const macOf = (serial: number, nic: number): string =>
  `fa:16:${(serial * DEVICES + nic)
    .toString(16)
    .padStart(8, '0')
    .replace(/..(?=.)/g, '$&:')}`;

const rowOf = (serial: number, observedAt: number, n: number): Instance['rows'][number] => ({
  ...EMPTY_ROW,
  observedAt,
  cpuTime: valueAt(serial, 0, n, 3e9),
  vcpus: 4n,
  disks: [1, 5].map((first) => ({
    ...EMPTY_DISK_ROW,
    readBytes: valueAt(serial, first, n, 4e5),
    readRequests: valueAt(serial, first + 1, n, 60),
    writeBytes: valueAt(serial, first + 2, n, 9e5),
    writeRequests: valueAt(serial, first + 3, n, 90),
  })),
  nics: [9, 13].map((first) => ({
    ...EMPTY_NIC_ROW,
    rxBytes: valueAt(serial, first, n, 2e6),
    rxPackets: valueAt(serial, first + 1, n, 2000),
    txBytes: valueAt(serial, first + 2, n, 1e6),
    txPackets: valueAt(serial, first + 3, n, 1500),
  })),
});

/** A counter that has run for hours and grows by up to `most` a poll, each at a pace of its own. */
function valueAt(serial: number, field: number, n: number, most: number): bigint {
  const pace = Math.floor((most * (((serial * 31 + field * 17) % 97) + 1)) / 97);
  return BigInt(pace) * BigInt(n + 2000 + (serial % 1000));
}

const identityOf = (serial: number, nics: Instance['nics']): Identity => ({
  ...EMPTY_IDENTITY,
  name: `web-${serial}`,
  instanceName: `instance-${serial.toString(16).padStart(8, '0')}`,
  projectId: '5f3a0f1f1c1b4d6f9a1e2b3c4d5e6f70',
  userId: '0a1b2c3d4e5f60718293a4b5c6d7e8f9',
  imageId: '7d9c3a2e-5b1f-4c8e-9e0a-1f2e3d4c5b6a',
  flavor: { id: '3', name: 'm1.medium', vcpus: 4, memory: 8192, disk: 40, ephemeral: 0, swap: 0, extraSpecs: {} },
  nics: nics.map(({ id }, nic) => ({
    id,
    name: `tap${serial.toString(16).padStart(8, '0')}-${nic}`,
    mac: id,
    bridge: 'br-int',
    portId: null,
    network: null,
    filter: null,
    parameters: {},
  })),
});
