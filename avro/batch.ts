import {
  DISK_COUNTERS,
  DISK_GAUGES,
  type Extra,
  HOST_COUNTERS,
  HOST_GAUGES,
  type Identity,
  INSTANCE_COUNTERS,
  INSTANCE_GAUGES,
  NIC_COUNTERS,
  type PollInfo,
  type Source,
} from './snapshot.ts';

/** Kinds of blocks: the statistics of the instance itself, of one disk, of one nic, of a host alone. An index into the two below. */
export const INSTANCE = 0;
export const DISK = 1;
export const NIC = 2;
export const NODE = 3;

/** Statistics of a block in the order of the schema, those of NODE by the names of their extras: counters first, gauges after. */
export const BLOCK_FIELDS = [
  [...INSTANCE_COUNTERS, ...INSTANCE_GAUGES],
  [...DISK_COUNTERS, ...DISK_GAUGES],
  [...NIC_COUNTERS],
  [...HOST_COUNTERS, ...HOST_GAUGES],
] as const;

/** How many of a block's fields are counters. */
export const COUNTERS = [
  INSTANCE_COUNTERS.length,
  DISK_COUNTERS.length,
  NIC_COUNTERS.length,
  HOST_COUNTERS.length,
] as const;

/** Whose poll it was and which instances of the batch are its: `firstInstance` and the `instances - 1` after it. */
export interface SliceHeader {
  /** The same object for the same source, also from one batch to the next. */
  readonly source: Source;
  readonly poll: PollInfo;
  readonly firstInstance: number;
  readonly instances: number;
}

/**
 * One decoded Kafka message: all its Snapshots, in columns over all of them. Instances have rows, rows have blocks,
 * blocks have statistics; `rowStart`, `blockStart` and `valueStart` lead from one to the next. Columns may be longer
 * than what is in use: `instances`, `rows` and `blocks` tell. Times in microseconds. A batch is the reader's own and
 * valid until its next `read`; the objects in it (sources, polls, identities, extras) may be kept.
 */
export interface SliceBatch {
  readonly slices: readonly SliceHeader[];

  /** Instances, hosts among them: a slice's hosts are its first instances. */
  readonly instances: number;
  /** Four big-endian words an instance. */
  readonly uuid: Uint32Array;
  /** The uuid as 32 lower-case hex digits, made on demand. */
  uuidKey(instance: number): string;
  /** 52-bit hash of the epoch's name (`hash.ts`), an exact integer; NaN is null. */
  readonly epoch: Float64Array;
  /** NaN is null. */
  readonly startedAt: Float64Array;
  /** NaN is null. */
  readonly deletedAt: Float64Array;
  /** Index into STATES. */
  readonly state: Uint8Array;
  /** 1 for a host. */
  readonly isHost: Uint8Array;
  /** By instance, only of those that carry one. */
  readonly identity: ReadonlyMap<number, Identity>;
  /** The rows of instance i are rowStart[i] to rowStart[i + 1] - 1. */
  readonly rowStart: Int32Array;

  readonly rows: number;
  readonly observedAt: Float64Array;
  /** NaN is null: cumulative values at observedAt. */
  readonly interval: Float64Array;
  /** NaN is null. */
  readonly monotonic: Float64Array;
  /** The blocks of row r are blockStart[r] to blockStart[r + 1] - 1: INSTANCE, then the disks, then the nics, in order, then a host's NODE. */
  readonly blockStart: Int32Array;
  /** By row, only of those that have some. */
  readonly extras: ReadonlyMap<number, readonly Extra[]>;

  readonly blocks: number;
  /** INSTANCE, DISK, NIC or NODE. */
  readonly kind: Uint8Array;
  /** 52-bit hash of the device's id; 0 for an INSTANCE or NODE block. */
  readonly device: Float64Array;
  /** 52-bit hash of the device's epoch; NaN is null, and so it is for an INSTANCE or NODE block. */
  readonly deviceEpoch: Float64Array;
  /** The device's id, made on demand from the message's bytes; '' for an INSTANCE or NODE block. */
  deviceId(block: number): string;
  /** Where the block's first statistic is in hi, lo and present; the others follow in the order of BLOCK_FIELDS. */
  readonly valueStart: Int32Array;

  /** Unsigned 64 bits: hi * 2^32 + lo. Whatever an absent statistic's words hold is not to be read. */
  readonly hi: Uint32Array;
  readonly lo: Uint32Array;
  /** 1 = read, 0 = null. */
  readonly present: Uint8Array;
  /** Statistics present; of extras those that are in a NODE block. */
  readonly readings: number;
}
