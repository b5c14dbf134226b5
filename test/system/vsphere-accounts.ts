import { DISK, INSTANCE, NIC } from '../../avro/batch.ts';
import type { Instance, Row } from '../../avro/snapshot.ts';
import type { Poll } from '../../connectors/connector.ts';
import { HOST, METERS, type Meter } from '../../pipeline/model/meters.ts';
import { formatUuid } from '../../pipeline/model/resource.ts';
import type { Sample } from '../../pipeline/model/sample.ts';
import type { Quantity } from '../fakes/vsphere/metered.ts';
import type { Sample as Taken, World } from '../fakes/vsphere/world.ts';

/** A counter of a row: which truth it is of, and how far a sample of it may be from that. */
interface Counter {
  readonly kind: typeof INSTANCE | typeof DISK | typeof NIC;
  readonly field: string;
  readonly quantity: Quantity;
  /** Rounded by the host, per sample: what connectors/vsphere/README.md says, in the unit of the counter. */
  readonly rounded: bigint;
}

const MS = 1_000_000n;
const RATE = 20n * 1024n;
const counter = (kind: Counter['kind'], field: string, quantity: Quantity, rounded: bigint): Counter => ({
  kind,
  field,
  quantity,
  rounded,
});
const IN_BOTH: readonly Counter[] = [
  counter(INSTANCE, 'memorySwapIn', 'swapInBytes', RATE),
  counter(INSTANCE, 'memorySwapOut', 'swapOutBytes', RATE),
  counter(NIC, 'rxBytes', 'rxBytes', RATE),
  counter(NIC, 'txBytes', 'txBytes', RATE),
  counter(NIC, 'rxPackets', 'rxPackets', 0n),
  counter(NIC, 'txPackets', 'txPackets', 0n),
  counter(NIC, 'rxDrops', 'rxDropped', 0n),
  counter(NIC, 'txDrops', 'txDropped', 0n),
  counter(NIC, 'rxErrors', 'rxErrors', 0n),
  counter(NIC, 'txErrors', 'txErrors', 0n),
];
const OF_VMS: readonly Counter[] = [
  counter(INSTANCE, 'cpuTime', 'cpuUsed', MS),
  counter(INSTANCE, 'cpuReady', 'cpuReady', MS),
  ...IN_BOTH,
  counter(DISK, 'readBytes', 'readBytes', RATE),
  counter(DISK, 'writeBytes', 'writeBytes', RATE),
  counter(DISK, 'readRequests', 'readRequests', 20n),
  counter(DISK, 'writeRequests', 'writeRequests', 20n),
];
/** A ten thousandth of 64 threads' 20 seconds. */
const OF_HOSTS: readonly Counter[] = [
  counter(INSTANCE, 'cpuTime', 'cpuUsed', (64n * 20_000_000_000n) / 10_000n),
  ...IN_BOTH,
];

/** One series over the day. Amounts in the counter's unit (nanoseconds, bytes, a number). */
export interface Account {
  readonly name: string;
  /** The entity's, at the vCenter. */
  readonly id: string;
  readonly counter: Counter;
  readonly isHost: boolean;
  readonly uuid: string;
  /** '' of the entity itself. */
  readonly device: string;
  /** Its name in the statistics. */
  readonly instance: string;
  /** What the rows say, each once. */
  readonly read: bigint;
  /** What was true in the samples that these rows are of, and how many. */
  readonly truth: bigint;
  readonly samples: number;
  /** What was true in samples of which the row has no value, and how many. */
  readonly hidden: bigint;
  readonly holes: number;
}

/** Rows of one instance by time, as they were read first. */
export interface Read {
  readonly id: string;
  readonly instance: Instance;
  readonly isHost: boolean;
  readonly rows: ReadonlyMap<number, { readonly row: Row; readonly instance: Instance }>;
}

/** What the polls read of each entity, by its id at the vCenter. Rows that came again have to be the same. */
export function readIn(
  polls: readonly Poll[],
  world: World,
): { readonly read: readonly Read[]; readonly again: number } {
  const ids = new Map<string, string>();
  for (const { id, spec } of [...world.machines.values(), ...world.hosts.values()])
    ids.set(('uuid' in spec ? spec.uuid : spec.instanceUuid).replaceAll('-', ''), id);
  const all = new Map<
    string,
    { id: string; instance: Instance; isHost: boolean; rows: Map<number, { row: Row; instance: Instance }> }
  >();
  let again = 0;
  for (const { instances, hosts } of polls) {
    for (const instance of [...instances, ...hosts]) {
      const id = ids.get(instance.uuid.toString('hex'));
      if (id === undefined) throw new Error(`nobody has the uuid ${instance.uuid.toString('hex')}`);
      const one = all.get(id) ?? { id, instance, isHost: world.hosts.has(id), rows: new Map() };
      all.set(id, one);
      for (const row of instance.rows) {
        const known = one.rows.get(row.observedAt);
        if (known === undefined) one.rows.set(row.observedAt, { row, instance });
        else if (textOf(known.row) === textOf(row)) again++;
        else throw new Error(`${id} was told otherwise of ${row.observedAt} before`);
      }
    }
  }
  return { read: [...all.values()], again };
}

/** Gauges of the inventory are as of now, not of when the row was. */
const textOf = (row: Row): string =>
  JSON.stringify(
    { ...row, vcpus: null, memory: null, extras: row.extras.filter(({ name }) => !name.includes('.instances')) },
    (_, value) => (typeof value === 'bigint' ? String(value) : value),
  );

/** Holds the rows of an entity against what was true. */
export function accountsOf(
  { id, instance, isHost, rows }: Read,
  taken: ReadonlyMap<number, Taken>,
  world: World,
): Account[] {
  const uuid = formatUuid(instance.uuid.toString('hex'));
  return (isHost ? OF_HOSTS : OF_VMS).flatMap((each) =>
    devicesOf(each, id, world).map(({ device, instance: name }) => {
      const account = { read: 0n, truth: 0n, samples: 0, hidden: 0n, holes: 0 };
      for (const [stamp, { row, instance: then }] of rows) {
        const sample = taken.get(stamp);
        if (sample === undefined) throw new Error(`${id} has no sample of ${stamp}`);
        const truth = world.truth(id, each.quantity, name, sample.from, sample.to);
        const value = valueIn(row, then, each, device);
        if (value === null) {
          account.hidden += truth;
          account.holes++;
        } else {
          account.read += value;
          account.truth += truth;
          account.samples++;
        }
      }
      return {
        name: `${id} ${device} ${each.field}`,
        id,
        counter: each,
        isHost,
        uuid,
        device,
        instance: name,
        ...account,
      };
    }),
  );
}

/** The devices that a counter has a value for, by their names in rows and in the statistics. */
function devicesOf({ kind }: Counter, id: string, world: World): { device: string; instance: string }[] {
  if (kind === INSTANCE) return [{ device: '', instance: '' }];
  const metered = world.metered(id);
  if (kind === DISK) return metered.disks.map((name) => ({ device: name, instance: name }));
  const macs = world.machines.get(id)?.spec.nics;
  return metered.nics.map((name) => ({
    device: macs?.find(({ key }) => String(key) === name)?.mac ?? name,
    instance: name,
  }));
}

function valueIn(row: Row, { nics, disks }: Instance, { kind, field }: Counter, device: string): bigint | null {
  const part =
    kind === INSTANCE
      ? row
      : kind === NIC
        ? row.nics[nics.findIndex(({ id }) => id === device)]
        : row.disks[disks.findIndex(({ id }) => id === device)];
  return (part as unknown as Record<string, bigint | null> | undefined)?.[field] ?? null;
}

/** The meter of a counter's growth; null: there is none. */
export function deltaOf({ counter: { kind, field }, isHost }: Account): Meter | null {
  const fields = METERS.filter((meter) => meter.kind === (isHost ? HOST + kind : kind) && meter.derivation === 'delta');
  const wanted = METERS.find(({ name }) => name === NAMES[`${isHost ? 'host ' : ''}${field}`]);
  return fields.find((meter) => meter === wanted) ?? null;
}

/** What is published of a counter, by the name in docs/meters.md. */
const NAMES: Readonly<Record<string, string>> = {
  cpuTime: 'cpu.delta',
  memorySwapIn: 'memory.swap.in.delta',
  memorySwapOut: 'memory.swap.out.delta',
  rxBytes: 'network.incoming.bytes.delta',
  txBytes: 'network.outgoing.bytes.delta',
  rxPackets: 'network.incoming.packets.delta',
  txPackets: 'network.outgoing.packets.delta',
  rxDrops: 'network.incoming.packets.drop.delta',
  txDrops: 'network.outgoing.packets.drop.delta',
  rxErrors: 'network.incoming.packets.error.delta',
  txErrors: 'network.outgoing.packets.error.delta',
  readBytes: 'disk.device.read.bytes.delta',
  writeBytes: 'disk.device.write.bytes.delta',
  readRequests: 'disk.device.read.requests.delta',
  writeRequests: 'disk.device.write.requests.delta',
  'host cpuTime': 'compute.node.cpu.time.delta',
  'host rxBytes': 'compute.node.network.incoming.bytes.delta',
  'host txBytes': 'compute.node.network.outgoing.bytes.delta',
  'host rxPackets': 'compute.node.network.incoming.packets.delta',
  'host txPackets': 'compute.node.network.outgoing.packets.delta',
  'host rxDrops': 'compute.node.network.incoming.packets.drop.delta',
  'host txDrops': 'compute.node.network.outgoing.packets.drop.delta',
  'host rxErrors': 'compute.node.network.incoming.packets.error.delta',
  'host txErrors': 'compute.node.network.outgoing.packets.error.delta',
};

/** Samples of one meter by `uuid device size`, whatever their resource was called meanwhile. */
export function publishedBy(samples: readonly Sample[]): ReadonlyMap<string, readonly Sample[]> {
  const grouped = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { instance_id, host_id, disk_name, mac, device } = sample.resource.metadata;
    const of = instance_id ?? host_id;
    const key = keyOf(
      sample.name,
      String(of),
      String(disk_name ?? device ?? mac ?? ''),
      sample.windowEnd - sample.windowStart,
    );
    const group = grouped.get(key);
    if (group) group.push(sample);
    else grouped.set(key, [sample]);
  }
  return grouped;
}

export const keyOf = (meter: string, uuid: string, device: string, size: number): string =>
  `${meter} ${uuid} ${device} ${size}`;

/** A volume as a whole number of what was counted: divisors are powers of two, so nothing is lost. */
export const counted = ({ volume }: Sample, divisor: number): bigint =>
  typeof volume === 'bigint' ? volume * BigInt(divisor) : BigInt(volume * divisor);
