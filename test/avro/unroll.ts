import { BLOCK_FIELDS, COUNTERS, DISK, INSTANCE, NIC, NODE, type SliceBatch } from '../../avro/batch.ts';
import { hash52Of } from '../../avro/hash.ts';
import { type Device, type Instance, type Row, type Snapshot, STATES } from '../../avro/snapshot.ts';

/**
 * The same plain objects from both sides: what the columns of a batch say, and what the Snapshots that went into it
 * say. Names that the columns keep as hashes are hashes here.
 */
export const unroll = (batch: SliceBatch) =>
  batch.slices.map(({ source, poll, firstInstance, instances }) => ({
    source,
    poll,
    instances: range(firstInstance, firstInstance + instances).map((instance) => ({
      uuid: batch.uuidKey(instance),
      words: [...batch.uuid.subarray(4 * instance, 4 * instance + 4)],
      epoch: orNull(batch.epoch[instance]),
      startedAt: orNull(batch.startedAt[instance]),
      deletedAt: orNull(batch.deletedAt[instance]),
      state: STATES[batch.state[instance] as number],
      isHost: batch.isHost[instance] === 1,
      identity: batch.identity.get(instance) ?? null,
      rows: range(batch.rowStart[instance] as number, batch.rowStart[instance + 1] as number).map((row) =>
        unrollRow(batch, row),
      ),
    })),
  }));

const unrollRow = (batch: SliceBatch, row: number) => ({
  observedAt: batch.observedAt[row],
  interval: orNull(batch.interval[row]),
  monotonic: orNull(batch.monotonic[row]),
  extras: batch.extras.get(row) ?? [],
  blocks: range(batch.blockStart[row] as number, batch.blockStart[row + 1] as number).map((block) => {
    const kind = batch.kind[block] as number;
    return {
      kind,
      device: batch.device[block],
      deviceEpoch: orNull(batch.deviceEpoch[block]),
      deviceId: batch.deviceId(block),
      values: BLOCK_FIELDS[kind]?.map((_, field) => {
        const value = (batch.valueStart[block] as number) + field;
        if (batch.present[value] === 0) return null;
        return (BigInt(batch.hi[value] as number) << 32n) | BigInt(batch.lo[value] as number);
      }),
    };
  }),
});

/** See `unroll`. */
export const unrolled = (snapshots: readonly Snapshot[]): ReturnType<typeof unroll> =>
  snapshots.map(({ source, poll, hosts, instances }) => ({
    source,
    poll,
    instances: [
      ...hosts.map((host) => unrolledInstance(host, true)),
      ...instances.map((instance) => unrolledInstance(instance, false)),
    ],
  }));

const unrolledInstance = (instance: Instance, isHost: boolean) => ({
  uuid: instance.uuid.toString('hex'),
  words: [0, 4, 8, 12].map((at) => instance.uuid.readUInt32BE(at)),
  epoch: hashOrNull(instance.epoch),
  startedAt: instance.startedAt,
  deletedAt: instance.deletedAt,
  state: instance.state,
  isHost,
  identity: instance.identity,
  rows: instance.rows.map((row) => ({
    observedAt: row.observedAt,
    interval: row.interval,
    monotonic: row.monotonic,
    extras: [...row.extras],
    blocks: [
      block(INSTANCE, null, row),
      ...row.disks.map((disk, index) => block(DISK, instance.disks[index] ?? null, disk)),
      ...row.nics.map((nic, index) => block(NIC, instance.nics[index] ?? null, nic)),
      ...(isHost ? node(row) : []),
    ],
  })),
});

function block(kind: 0 | 1 | 2, device: Device | null, statistics: Row | Row['disks'][number] | Row['nics'][number]) {
  const values = statistics as unknown as Record<string, bigint | null>;
  return {
    kind,
    device: device ? hash52Of(device.id) : 0,
    deviceEpoch: hashOrNull(device?.epoch ?? null),
    deviceId: device?.id ?? '',
    values: BLOCK_FIELDS[kind].map((field) => values[field] ?? null),
  };
}

/** What a host alone has; the last of a name counts. */
function node({ extras }: Row) {
  const values = BLOCK_FIELDS[NODE].map(
    (name, field) =>
      extras.findLast((each) => each.name === name && each.device === null && each.counter === field < COUNTERS[NODE])
        ?.value ?? null,
  );
  if (values.every((value) => value === null)) return [];
  return [{ kind: NODE, device: 0, deviceEpoch: null, deviceId: '', values }];
}

const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index);
const orNull = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;
const hashOrNull = (text: string | null): number | null => (text === null ? null : hash52Of(text));

/** Statistics of a batch that were read, counted the slow way. */
export const countReadings = (batch: SliceBatch): number =>
  unroll(batch)
    .flatMap(({ instances }) => instances.flatMap(({ rows }) => rows.flatMap(({ blocks }) => blocks)))
    .reduce((total, { values }) => total + (values ?? []).filter((value) => value !== null).length, 0);
