import { encodeSnapshot } from '../../../avro/codec.ts';
import { SliceReader } from '../../../avro/reader.ts';
import { EMPTY_NIC_ROW, EMPTY_ROW, type Instance, type Row, type Snapshot } from '../../../avro/snapshot.ts';
import { accept, type LogRecord, type Outcome, type Partition } from '../../../pipeline/model/partition.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';

export const SECOND = 1e6;

/** Windows of a minute, nothing waited for, unless said otherwise. */
export const rulesOf = (
  windows: Partial<Rules['windows']> = {},
  over: Partial<Omit<Rules, 'windows'>> = {},
): Rules => ({
  windows: {
    sizes: [60 * SECOND],
    graces: (windows.sizes ?? [0]).map(() => 'auto'),
    anchored: false,
    revise: false,
    ...windows,
  },
  counters: { maxSkew: 60 * SECOND, fillMax: 1000, edge: false },
  reorder: 0,
  ...over,
});

/** A running instance whose uuid is a number, read at `t` seconds. */
export function vm(t: number, row: Partial<Row>, over: Partial<Instance> = {}): Instance {
  const uuid = Buffer.alloc(16);
  uuid.writeUInt32BE(7, 12);
  return {
    uuid,
    epoch: 'e1',
    startedAt: null,
    deletedAt: null,
    state: 'RUNNING',
    disks: [],
    nics: [],
    rows: [{ ...EMPTY_ROW, observedAt: t * SECOND, ...row }],
    identity: null,
    ...over,
  };
}

/** An instance with one nic that has received so many bytes. */
export const received = (t: number, rxBytes: bigint, over: Partial<Instance> = {}): Instance =>
  vm(t, { nics: [{ ...EMPTY_NIC_ROW, rxBytes }] }, { nics: [{ id: 'n', epoch: null }], ...over });

interface PollOptions {
  readonly hypervisor?: string;
  readonly kind?: string;
  readonly bootedAt?: number | null;
  /** Seconds. */
  readonly interval?: number;
  readonly partial?: string | null;
}

/** The slice of a poll that began at `t` seconds. */
export function pollOf(t: number, instances: readonly Instance[], options: PollOptions = {}): Snapshot {
  const { hypervisor = 'h', kind = 'test', bootedAt = null, interval = 10, partial = null } = options;
  const at = t * SECOND;
  return {
    source: {
      kind,
      hypervisor,
      collector: 'c',
      generation: 1,
      bootedAt: bootedAt === null ? null : bootedAt * SECOND,
    },
    poll: {
      sequence: t,
      scheduledAt: at,
      startedAt: at,
      endedAt: at,
      interval: interval * SECOND,
      instances: instances.length,
      slice: 0,
      slices: 1,
      partial,
    },
    hosts: [],
    instances,
  };
}

/** A message of this time (microseconds), for tests that do not ask where the log has it. */
export const recordAt = (time: number, offset = 0): LogRecord => ({ offset, time, length: 0 });

/** Takes one slice into a partition as a message of its own, recorded at its poll's time or at `recordedAt` seconds. */
export const take = (partition: Partition, rules: Rules, snapshot: Snapshot, recordedAt?: number): Outcome =>
  accept(
    partition,
    rules,
    new SliceReader().read(encodeSnapshot(snapshot)),
    recordAt(recordedAt === undefined ? snapshot.poll.startedAt : recordedAt * SECOND),
  );
