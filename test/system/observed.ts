import { DISK_COUNTERS, INSTANCE_COUNTERS, type Instance, NIC_COUNTERS, type Row } from '../../avro/snapshot.ts';
import type { Poll } from '../../connectors/connector.ts';

/** What the readings of one series say, in the plainest way there is. */
export interface Observed {
  readonly uuid: string;
  /** As the simulator calls it: `cpuTime`, `vda/readBytes`, `<mac>/rxBytes`. */
  readonly series: string;
  /** Last value by epoch. */
  readonly epochs: Map<string | null, bigint>;
  /** Times of the polls that read it first and last, microseconds. */
  readonly firstAt: number;
  lastAt: number;
  /** Growth within epochs, and later epochs from zero; what wrapped is unwrapped at 32 bits. */
  movement: bigint;
  wraps: number;
}

/** Every counter of a row by name. */
function* countersOf({ disks, nics }: Instance, row: Row): Generator<readonly [string, bigint | null]> {
  for (const name of INSTANCE_COUNTERS) yield [name, row[name]];
  for (const [index, disk] of row.disks.entries())
    for (const name of DISK_COUNTERS) yield [`${disks[index]?.id}/${name}`, disk[name]];
  for (const [index, nic] of row.nics.entries())
    for (const name of NIC_COUNTERS) yield [`${nics[index]?.id}/${name}`, nic[name]];
}

/** The series that the polls read, by `uuid/series`. The first epoch of a series gives a baseline only. */
export function observedIn(polls: readonly Poll[]): ReadonlyMap<string, Observed> {
  const all = new Map<string, Observed>();
  for (const { startedAt, instances } of polls) {
    for (const instance of instances) {
      const uuid = instance.uuid.toString('hex');
      for (const row of instance.rows) {
        for (const [series, value] of countersOf(instance, row)) {
          if (value === null) continue;
          const key = `${uuid}/${series}`;
          const known = all.get(key);
          if (known) observe(known, instance.epoch, value, startedAt);
          else all.set(key, begun(uuid, series, instance.epoch, value, startedAt));
        }
      }
    }
  }
  return all;
}

const begun = (uuid: string, series: string, epoch: string | null, value: bigint, at: number): Observed => ({
  uuid,
  series,
  epochs: new Map([[epoch, value]]),
  firstAt: at,
  lastAt: at,
  movement: 0n,
  wraps: 0,
});

function observe(observed: Observed, epoch: string | null, value: bigint, at: number): void {
  const step = value - (observed.epochs.get(epoch) ?? 0n);
  observed.movement += step < 0n ? step + (1n << 32n) : step;
  if (step < 0n) observed.wraps++;
  observed.epochs.set(epoch, value);
  observed.lastAt = at;
}
