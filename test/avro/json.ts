import {
  DISK_COUNTERS,
  DISK_GAUGES,
  INSTANCE_COUNTERS,
  INSTANCE_GAUGES,
  type Instance,
  NIC_COUNTERS,
  type Row,
  type Snapshot,
} from '../../avro/snapshot.ts';

/** Snapshots as JSON: statistics as strings of digits, since JSON's numbers would round them, uuids with dashes. */
export const toJson = (snapshots: readonly Snapshot[]): unknown =>
  JSON.parse(
    JSON.stringify(
      snapshots.map(({ source, poll, hosts, instances }) => ({
        source,
        poll,
        hosts: hosts.map(withUuid),
        instances: instances.map(withUuid),
      })),
      (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    ),
  );

/** Snapshots of the same JSON. */
export const fromJson = (snapshots: readonly Snapshot[]): Snapshot[] =>
  snapshots.map(({ source, poll, hosts, instances }) => ({
    source,
    poll,
    hosts: hosts.map(revived),
    instances: instances.map(revived),
  }));

const withUuid = ({ uuid, ...rest }: Instance) => ({
  uuid: uuid.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  ...rest,
});

const revived = (instance: Instance): Instance => ({
  ...instance,
  uuid: Buffer.from(String(instance.uuid).replaceAll('-', ''), 'hex'),
  rows: instance.rows.map((row) => ({
    ...statistics(row),
    disks: row.disks.map(statistics),
    nics: row.nics.map(statistics),
    extras: row.extras.map((extra) => ({ ...extra, value: BigInt(extra.value) })),
  })),
});

const NAMES: ReadonlySet<string> = new Set([
  ...INSTANCE_COUNTERS,
  ...INSTANCE_GAUGES,
  ...DISK_COUNTERS,
  ...DISK_GAUGES,
  ...NIC_COUNTERS,
]);

function statistics<Block extends Row | Row['disks'][number] | Row['nics'][number]>(block: Block): Block {
  const entries = Object.entries(block).map(([name, value]) =>
    NAMES.has(name) && value !== null ? [name, BigInt(value)] : [name, value],
  );
  return Object.fromEntries(entries) as Block;
}
