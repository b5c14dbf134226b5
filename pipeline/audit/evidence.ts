import { DISK, NIC } from '../../avro/batch.ts';
import { decodeSnapshots } from '../../avro/codec.ts';
import { DecodeError } from '../../avro/decode-error.ts';
import type { Instance, PollInfo, Row, Snapshot, Source } from '../../avro/snapshot.ts';
import { type Meter, STATISTICS } from '../model/meters.ts';
import type { Rules } from '../model/rules.ts';
import type { Change } from './naive/change.ts';
import { createMovement } from './naive/movement.ts';
import type { RawMessage } from './replay.ts';
import type { FoundWindow } from './window-search.ts';

/** One statistic of one series as it was read, and by whom. Times in microseconds. */
export interface RawReading {
  readonly observedAt: number;
  /** Null: the value is cumulative; else it is an amount over (observedAt − interval, observedAt]. */
  readonly interval: number | null;
  /** Null: it was not read, or the instance was off. */
  readonly value: bigint | null;
  /** The counter's life as the source names it. */
  readonly epoch: string | null;
  readonly startedAt: number | null;
  readonly state: Instance['state'];
  readonly source: Source;
  readonly poll: PollInfo;
  readonly partition: number;
  readonly offset: number;
  readonly recordedAt: number;
}

/** All that the raw log tells of one series: what was read, and how its counter moved by the audit's own arithmetic. */
export interface Evidence {
  take(message: RawMessage): void;
  finish(): void;
  readonly readings: readonly RawReading[];
  readonly changes: readonly Change[];
}

export type EvidenceQuery = Pick<FoundWindow, 'instance' | 'kind' | 'device'> & {
  readonly meter: Meter;
  /** It is a host, not a VM. */
  readonly isHost: boolean;
};

export function createEvidence({ windows, counters, reorder }: Rules, query: EvidenceQuery): Evidence {
  const { instance, kind, device, meter, isHost } = query;
  const readings: RawReading[] = [];
  const changes: Change[] = [];
  const isWanted = (uuid: string, of: number, id: string) => uuid === instance && of === kind && id === device;
  const movementRules = { reorder, maxSkew: counters.maxSkew, sizes: windows.sizes, isWanted };
  const movement = createMovement(movementRules, (_uuid, _kind, _device, change) => {
    if (change.field === meter.field) changes.push(change);
  });
  const name = STATISTICS[meter.kind]?.[meter.field] ?? '';
  return {
    take: (message) => {
      const snapshots = readable(message.value);
      for (const snapshot of snapshots) readings.push(...readingsIn(snapshot, message, query, name));
      // Hosts are metered like VMs.
      const seen = isHost ? snapshots.map((each) => ({ ...each, instances: each.hosts, hosts: [] })) : snapshots;
      movement.take(message.partition, seen, message.timestampUs);
    },
    finish: () => movement.finish(),
    readings,
    changes,
  };
}

function readable(value: Buffer): readonly Snapshot[] {
  try {
    return decodeSnapshots(value);
  } catch (error) {
    if (error instanceof DecodeError) return [];
    throw error;
  }
}

function readingsIn(
  { source, poll, hosts, instances }: Snapshot,
  { partition, offset, timestampUs: recordedAt }: RawMessage,
  { instance: wanted, kind, device, isHost }: EvidenceQuery,
  name: string,
): readonly RawReading[] {
  const instance = (isHost ? hosts : instances).find(({ uuid }) => uuid.toString('hex') === wanted);
  if (instance === undefined) return [];
  const { startedAt, state, rows } = instance;
  const place = { startedAt, state, source, poll, partition, offset, recordedAt };
  const epoch = epochOf(instance, kind, device);
  if (rows.length === 0) return [{ ...place, observedAt: poll.startedAt, interval: null, value: null, epoch }];
  return rows.map((row) => ({
    ...place,
    observedAt: row.observedAt,
    interval: row.interval,
    value: valueIn(instance, row, kind, device, name),
    epoch,
  }));
}

function epochOf({ epoch, disks, nics }: Instance, kind: number, device: string): string | null {
  const devices = kind === DISK ? disks : kind === NIC ? nics : [];
  return devices.find(({ id }) => id === device)?.epoch ?? epoch;
}

/** By the statistic's name: a field of the contract, or else an extra. */
function valueIn({ disks, nics }: Instance, row: Row, kind: number, device: string, name: string): bigint | null {
  const at = (kind === DISK ? disks : nics).findIndex(({ id }) => id === device);
  const block = kind === DISK ? row.disks[at] : kind === NIC ? row.nics[at] : row;
  if (block === undefined) return null;
  if (name in block) return (block as unknown as Readonly<Record<string, bigint | null>>)[name] ?? null;
  return row.extras.find((extra) => extra.name === name && extra.device === null)?.value ?? null;
}
