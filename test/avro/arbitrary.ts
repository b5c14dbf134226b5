import fc from 'fast-check';
import {
  DISK_COUNTERS,
  DISK_GAUGES,
  EMPTY_IDENTITY,
  HOST_COUNTERS,
  HOST_GAUGES,
  type Identity,
  INSTANCE_COUNTERS,
  INSTANCE_GAUGES,
  type Instance,
  NIC_COUNTERS,
  type Row,
  type Snapshot,
  STATES,
} from '../../avro/snapshot.ts';

/** Where 64-bit arithmetic breaks: around 2^7 and 2^28 (bytes of a varint), 2^32, 2^53, 2^63, 2^64. */
export const EDGES = [7n, 28n, 32n, 35n, 53n, 63n, 64n].flatMap((bits) => [
  (1n << bits) - 1n,
  (1n << bits) % (1n << 64n),
  ((1n << bits) + 1n) % (1n << 64n),
]);

const statistic = fc.oneof(fc.constant(null), fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
const time = fc.oneof(fc.integer({ min: 0, max: 2 ** 31 }), fc.maxSafeInteger());
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const text = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 8 }));
const nullable = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(some, { nil: null });

const statistics = <Name extends string>(names: readonly Name[]): fc.Arbitrary<Record<Name, bigint | null>> =>
  fc
    .array(statistic, { minLength: names.length, maxLength: names.length })
    .map(
      (values) =>
        Object.fromEntries(names.map((name, index) => [name, values[index] ?? null])) as Record<Name, bigint | null>,
    );

const device = fc.record({ id: text, epoch: nullable(text) });
const extra = fc.record({
  name: fc.oneof(text, fc.constantFrom(...HOST_COUNTERS, ...HOST_GAUGES)),
  device: nullable(text),
  counter: fc.boolean(),
  value: fc.constantFrom(...EDGES),
});

const row = (disks: number, nics: number): fc.Arbitrary<Row> =>
  fc
    .tuple(
      fc.record({ observedAt: time, interval: nullable(time), monotonic: nullable(time) }),
      statistics([...INSTANCE_COUNTERS, ...INSTANCE_GAUGES]),
      fc.array(statistics([...DISK_COUNTERS, ...DISK_GAUGES]), { minLength: disks, maxLength: disks }),
      fc.array(statistics(NIC_COUNTERS), { minLength: nics, maxLength: nics }),
      fc.array(extra, { maxLength: 4 }),
    )
    .map(([times, own, diskRows, nicRows, extras]) => ({ ...times, ...own, disks: diskRows, nics: nicRows, extras }));

/** But for a key that avsc's decoder sets as the prototype instead of a member: nobody's label. */
const labels = fc.dictionary(
  text.filter((key) => key !== '__proto__'),
  text,
  { maxKeys: 2, noNullPrototype: true },
);

const identity: fc.Arbitrary<Identity> = fc
  .record({
    name: nullable(text),
    projectId: nullable(text),
    createdAt: nullable(time),
    flavor: nullable(
      fc.record({
        id: nullable(text),
        name: nullable(text),
        vcpus: nullable(time),
        memory: nullable(time),
        disk: nullable(time),
        ephemeral: nullable(time),
        swap: nullable(time),
        extraSpecs: labels,
      }),
    ),
    disks: fc.array(fc.record({ id: text, path: nullable(text), serial: nullable(text), bus: nullable(text) }), {
      maxLength: 2,
    }),
    metadata: labels,
    imageMetadata: labels,
  })
  .map((some) => ({ ...EMPTY_IDENTITY, ...some }));

const instance: fc.Arbitrary<Instance> = fc
  .tuple(fc.array(device, { maxLength: 5 }), fc.array(device, { maxLength: 5 }))
  .chain(([disks, nics]) =>
    fc.record({
      uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
      epoch: nullable(text),
      startedAt: nullable(time),
      deletedAt: nullable(time),
      state: fc.constantFrom(...STATES),
      disks: fc.constant(disks),
      nics: fc.constant(nics),
      rows: fc.array(row(disks.length, nics.length), { maxLength: 3 }),
      identity: nullable(identity),
    }),
  );

/** Any Snapshot that the contract allows. */
const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  source: fc.record({ kind: text, hypervisor: text, collector: text, generation: time, bootedAt: nullable(time) }),
  poll: fc.record({
    sequence: time,
    scheduledAt: time,
    startedAt: time,
    endedAt: time,
    interval: time,
    instances: int,
    slice: int,
    slices: int,
    partial: nullable(text),
  }),
  hosts: fc.array(instance, { maxLength: 2 }),
  instances: fc.array(instance, { maxLength: 3 }),
});

/** What a message holds: one Snapshot or several. */
export const snapshots = fc.array(snapshot, { minLength: 1, maxLength: 3 });
