import {
  DISK_COUNTERS,
  DISK_GAUGES,
  type Flavor,
  type Identity,
  INSTANCE_COUNTERS,
  INSTANCE_GAUGES,
  type Instance,
  NIC_COUNTERS,
  type PollInfo,
  type Row,
  type Snapshot,
  type Source,
} from './snapshot.ts';

/** What avsc decodes: the same shape, every long a signed bigint, records of its own classes, bytes of the message. */
export type Decoded<T> = T extends number | bigint
  ? number | bigint
  : T extends string | boolean | null | Buffer
    ? T
    : { [key in keyof T]: Decoded<T[key]> };

/** Makes the contract's plain objects of a decoded Snapshot. Throws a RangeError naming the field that is not exact. */
export function reviveSnapshot({ source, poll, hosts, instances }: Decoded<Snapshot>): Snapshot {
  return {
    source: reviveSource(source),
    poll: revivePoll(poll),
    hosts: hosts.map(reviveInstance),
    instances: instances.map(reviveInstance),
  };
}

/** The same of an Identity alone. */
export function reviveIdentity(identity: Decoded<Identity>): Identity {
  return {
    ...identity,
    createdAt: numberOrNull('createdAt', identity.createdAt),
    launchedAt: numberOrNull('launchedAt', identity.launchedAt),
    flavor: identity.flavor && reviveFlavor(identity.flavor),
    disks: identity.disks.map((disk) => ({ ...disk })),
    nics: identity.nics.map((nic) => ({ ...nic })),
  };
}

const reviveSource = (source: Decoded<Source>): Source => ({
  ...source,
  generation: number('generation', source.generation),
  bootedAt: numberOrNull('bootedAt', source.bootedAt),
});

const revivePoll = (poll: Decoded<PollInfo>): PollInfo => ({
  sequence: number('sequence', poll.sequence),
  scheduledAt: number('scheduledAt', poll.scheduledAt),
  startedAt: number('startedAt', poll.startedAt),
  endedAt: number('endedAt', poll.endedAt),
  interval: number('interval', poll.interval),
  instances: number('instances', poll.instances),
  slice: number('slice', poll.slice),
  slices: number('slices', poll.slices),
  partial: poll.partial,
});

function reviveInstance(instance: Decoded<Instance>): Instance {
  const disks = instance.disks.map((device) => ({ ...device }));
  const nics = instance.nics.map((device) => ({ ...device }));
  for (const row of instance.rows)
    if (row.disks.length !== disks.length || row.nics.length !== nics.length)
      throw new RangeError(`a row of ${row.disks.length} disks and ${row.nics.length} nics`);
  return {
    // A copy: the decoded one would keep the whole message alive.
    uuid: Buffer.from(instance.uuid),
    epoch: instance.epoch,
    startedAt: numberOrNull('startedAt', instance.startedAt),
    deletedAt: numberOrNull('deletedAt', instance.deletedAt),
    state: instance.state,
    disks,
    nics,
    rows: instance.rows.map(reviveRow),
    identity: instance.identity && reviveIdentity(instance.identity),
  };
}

const reviveRow = (row: Decoded<Row>): Row => ({
  observedAt: number('observedAt', row.observedAt),
  interval: numberOrNull('interval', row.interval),
  monotonic: numberOrNull('monotonic', row.monotonic),
  ...statistics(row, [...INSTANCE_COUNTERS, ...INSTANCE_GAUGES]),
  disks: row.disks.map((disk) => statistics(disk, [...DISK_COUNTERS, ...DISK_GAUGES])),
  nics: row.nics.map((nic) => statistics(nic, NIC_COUNTERS)),
  extras: row.extras.map((extra) => ({ ...extra, value: unsigned(extra.value) })),
});

const reviveFlavor = (flavor: Decoded<Flavor>): Flavor => ({
  ...flavor,
  vcpus: numberOrNull('vcpus', flavor.vcpus),
  memory: numberOrNull('memory', flavor.memory),
  disk: numberOrNull('disk', flavor.disk),
  ephemeral: numberOrNull('ephemeral', flavor.ephemeral),
  swap: numberOrNull('swap', flavor.swap),
});

function statistics<Name extends string>(
  row: { readonly [name in Name]: number | bigint | null },
  names: readonly Name[],
): Record<Name, bigint | null> {
  const revived = {} as Record<Name, bigint | null>;
  for (const name of names) {
    const value = row[name];
    revived[name] = value === null ? null : unsigned(value);
  }
  return revived;
}

const unsigned = (value: number | bigint): bigint => BigInt.asUintN(64, BigInt(value));

function number(field: string, value: number | bigint): number {
  const exact = Number(value);
  if (!Number.isSafeInteger(exact)) throw new RangeError(`${field} is beyond 2^53`);
  return exact;
}

const numberOrNull = (field: string, value: number | bigint | null): number | null =>
  value === null ? null : number(field, value);
