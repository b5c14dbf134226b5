import { BLOCK_FIELDS, DISK, INSTANCE, NIC } from '../../avro/batch.ts';
import type { Instance, Row } from '../../avro/snapshot.ts';
import type { Poll } from '../../connectors/connector.ts';
import { HOST, METERS, type Meter } from '../../pipeline/model/meters.ts';
import { formatUuid } from '../../pipeline/model/resource.ts';
import type { Sample } from '../../pipeline/model/sample.ts';

/** What XenAPI's rows have amounts of, by the kind of their block. */
const AMOUNTS: readonly (readonly [kind: number, fields: readonly string[]])[] = [
  [INSTANCE, ['cpuTime']],
  [DISK, ['readBytes', 'readRequests', 'writeBytes', 'writeRequests']],
  [NIC, ['rxBytes', 'txBytes']],
];

function deltaOf(kind: number, field: string, isHost: boolean): Meter {
  const index = (BLOCK_FIELDS[kind] as readonly string[]).indexOf(field);
  const wanted = isHost ? HOST + kind : kind;
  const found = METERS.find((meter) => meter.kind === wanted && meter.field === index && meter.derivation === 'delta');
  if (!found) throw new Error(`no delta of ${field}`);
  return found;
}

/** The amounts of the rows that were read, each row once, by instance, device and meter; in the counter's own unit. */
export function readAmounts(polls: readonly Poll[]): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  const seen = new Map<string, bigint>();
  const take = (instance: Instance, row: Row, isHost: boolean): void => {
    const uuid = formatUuid(instance.uuid.toString('hex'));
    for (const [kind, fields] of AMOUNTS) {
      const blocks = kind === INSTANCE ? [row] : kind === DISK ? row.disks : row.nics;
      const ids = kind === INSTANCE ? [{ id: '' }] : kind === DISK ? instance.disks : instance.nics;
      for (const [n, block] of blocks.entries())
        for (const field of fields) {
          const amount = (block as unknown as Record<string, bigint | null>)[field];
          if (amount === null || amount === undefined) continue;
          const key = `${uuid}/${ids[n]?.id}/${deltaOf(kind, field, isHost).name}`;
          const before = seen.get(`${key}@${row.observedAt}`);
          if (before !== undefined && before !== amount) throw new Error(`${key}: ${amount} after ${before}`);
          if (before === undefined) sums.set(key, (sums.get(key) ?? 0n) + amount);
          seen.set(`${key}@${row.observedAt}`, amount);
        }
    }
  };
  for (const { hosts, instances } of polls) {
    for (const host of hosts) for (const row of host.rows) take(host, row, true);
    for (const instance of instances) for (const row of instance.rows) take(instance, row, false);
  }
  return sums;
}

export interface Published {
  /** By instance, device and meter, as in `readAmounts`. */
  readonly sums: ReadonlyMap<string, bigint>;
  readonly negative: number;
  /** Windows that came twice. */
  readonly repeated: number;
}

/** The deltas of windows of one size. */
export function publishedAmounts(samples: readonly Sample[], sizeUs: number): Published {
  const divisors = new Map(METERS.map(({ name, divisor }) => [name, divisor]));
  const sums = new Map<string, bigint>();
  const windows = new Set<string>();
  let [negative, count] = [0, 0];
  for (const { name, volume, windowStart, windowEnd, resource } of samples) {
    if (!name.endsWith('.delta') || windowEnd - windowStart !== sizeUs) continue;
    const { instance_id: instance, host_id: host, disk_name: disk, mac, device } = resource.metadata;
    const key = `${instance ?? host}/${disk ?? device ?? mac ?? ''}/${name}`;
    const divisor = divisors.get(name) as number;
    const amount = typeof volume === 'bigint' ? volume * BigInt(divisor) : BigInt(volume * divisor);
    if (amount < 0n) negative++;
    sums.set(key, (sums.get(key) ?? 0n) + amount);
    windows.add(`${key}@${windowStart}`);
    count++;
  }
  return { sums, negative, repeated: count - windows.size };
}
