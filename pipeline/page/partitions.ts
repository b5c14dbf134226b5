import { STATES } from '../../avro/snapshot.ts';
import type { Partition } from '../model/partition.ts';
import type { SourceProgress } from '../model/progress.ts';
import { formatUuid } from '../model/resource.ts';
import type { InstanceState } from '../model/state.ts';
import type { FleetRow, PartitionStatus, VmRow } from './model.ts';

/** A partition that the pipeline owns: what may be looked at, and never changed. */
export interface OwnedPartition {
  readonly index: number;
  readonly partition: Partition;
}

/** Silent after so many intervals: the watermark waits no longer. */
const SILENT_INTERVALS = 3;

/** What has been told of partitions, by index: raw messages not yet read, and residuals. */
interface Told {
  readonly lag: ReadonlyMap<number, number>;
  readonly residual: ReadonlyMap<number, bigint>;
}

/** How far a partition is. */
export const partitionStatus = (
  { index, partition }: OwnedPartition,
  { lag, residual }: Told,
  nowUs: number,
): PartitionStatus => ({
  index,
  lag: lag.get(index) ?? null,
  watermarkAt: orNull(partition.progress.watermark / 1000),
  instances: partition.instances.size,
  sources: partition.progress.sources.size,
  held: partition.hold.heap.length,
  isBehind: isBehind(partition, nowUs),
  residual: residual.get(index)?.toString() ?? null,
  process: null,
});

/** What reading, the reorder buffer and the way through Kafka may take, microseconds. */
const ON_THE_WAY_US = 60e6;

/** The watermark waits for a source that has gone silent three intervals long, and no longer. */
function isBehind({ progress: { sources, watermark } }: Partition, nowUs: number): boolean {
  if (!Number.isFinite(watermark)) return false;
  let slowest = 0;
  for (const { interval } of sources.values()) slowest = Math.max(slowest, interval);
  return nowUs - watermark > (SILENT_INTERVALS + 1) * slowest + ON_THE_WAY_US;
}

/** Windows of a size (microseconds) that have begun and that the watermark has not passed; of the partition that has most. */
export function openWindows(owned: readonly OwnedPartition[], size: number): number {
  let most = 0;
  for (const { partition } of owned) {
    const { sources, watermark } = partition.progress;
    if (!Number.isFinite(watermark)) continue;
    let newest = watermark;
    for (const { pollAt, announces } of sources.values()) if (!announces && pollAt > newest) newest = pollAt;
    most = Math.max(most, Math.floor(newest / size) - Math.floor(watermark / size) + 1);
  }
  return most;
}

/** The sources of the raw topic as rows of the fleet: each by the partition that heard it last. */
export function sourceRows(owned: readonly OwnedPartition[], nowUs: number): readonly FleetRow[] {
  const latest = new Map<string, SourceProgress>();
  for (const { partition } of owned)
    for (const source of partition.progress.sources.values()) {
      const known = latest.get(source.id);
      if (!known || source.heardAt > known.heardAt) latest.set(source.id, source);
    }
  return [...latest.values()].map((source) => sourceRow(source, nowUs));
}

function sourceRow({ id, pollAt, heardAt, interval }: SourceProgress, nowUs: number): FleetRow {
  const slash = id.indexOf('/');
  return {
    id,
    name: id.slice(slash + 1),
    kind: id.slice(0, Math.max(0, slash)),
    state: nowUs - heardAt > SILENT_INTERVALS * interval ? 'silent' : 'heard',
    sinceAt: null,
    readAt: orNull(pollAt / 1000),
    instances: null,
    calls: null,
    durationMs: null,
    jitterMs: null,
    failures: null,
    retryAt: null,
    error: null,
    errorAt: null,
    process: null,
  };
}

/** Instances of which some text is in the name, the uuid or the host; hosts are none. */
export function matchingVms(owned: readonly OwnedPartition[], text: string, most: number): readonly VmRow[] {
  const wanted = text.toLowerCase();
  const rows: VmRow[] = [];
  for (const { partition } of owned)
    for (const instance of partition.instances.values()) {
      if (instance.isHost || instance.forgottenAt > Number.NEGATIVE_INFINITY) continue;
      const row = vmRow(instance);
      if (wanted !== '' && !`${row.name ?? ''}\n${row.id}\n${row.host ?? ''}`.toLowerCase().includes(wanted)) continue;
      rows.push(row);
      if (rows.length >= most) return rows;
    }
  return rows;
}

const vmRow = ({ key, identity, state }: InstanceState): VmRow => ({
  id: formatUuid(key),
  name: identity?.name ?? identity?.instanceName ?? null,
  host: identity?.host ?? null,
  state: STATES[state] ?? 'UNKNOWN',
  cpu: null,
  coverage: null,
});

/** Instances of the partitions; hosts are none. */
export function countInstances(owned: readonly OwnedPartition[]): number {
  let count = 0;
  for (const { partition } of owned) for (const { isHost } of partition.instances.values()) if (!isHost) count++;
  return count;
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
