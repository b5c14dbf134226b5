import {
  EMPTY_DISK_ROW,
  EMPTY_NIC_ROW,
  EMPTY_ROW,
  type Instance,
  type NicIdentity,
  type Row,
} from '../../avro/snapshot.ts';
import type { Observation } from '../../connectors/connector.ts';
import { isoMicroseconds } from '../runtime/iso-time.ts';
import { humanBytes, humanCount, humanTime, sumOf } from './human.ts';
import type { StreamColumn } from './stream-table.ts';

/** Whose statistics they are. */
export interface Asked {
  readonly hypervisor: string;
  readonly kind: string;
}

/**
 * What one poll saw, an object per instance (and per interval, where a hypervisor gives several), the hosts' first.
 * Statistics have the names of the Avro contract and are bigint or null; times are ISO 8601 with microseconds.
 */
export function statisticsOf(asked: Asked, observation: Observation): readonly Readonly<Record<string, unknown>>[] {
  const hosts = observation.hosts.flatMap((host) => statisticsOfInstance(asked, 'host', host));
  return [...hosts, ...observation.instances.flatMap((instance) => statisticsOfInstance(asked, 'instance', instance))];
}

function statisticsOfInstance(asked: Asked, scope: 'host' | 'instance', instance: Instance) {
  const { identity } = instance;
  const head = {
    ...asked,
    scope,
    uuid: formatUuid(instance.uuid),
    name: identity?.name ?? identity?.instanceName ?? null,
    state: instance.state,
    epoch: instance.epoch,
    started_at: isoOrNull(instance.startedAt),
  };
  // An instance that is off has no row; it is shown all the same.
  const rows = instance.rows.length > 0 ? instance.rows : [{ ...EMPTY_ROW, observedAt: null }];
  return rows.map((row) => {
    const { observedAt, interval, monotonic: _, disks, nics, extras, ...statistics } = row;
    return {
      ...head,
      observed_at: isoOrNull(observedAt),
      interval_us: interval,
      ...statistics,
      disks: instance.disks.map(({ id }, index) => ({ id, ...(disks[index] ?? EMPTY_DISK_ROW) })),
      nics: instance.nics.map(({ id }, index) => ({
        id,
        name: nicIdentity(instance, id)?.name ?? null,
        ...(nics[index] ?? EMPTY_NIC_ROW),
      })),
      extras,
      identity,
    };
  });
}

const nicIdentity = (instance: Instance, id: string): NicIdentity | undefined =>
  instance.identity?.nics.find((nic) => nic.id === id);

const isoOrNull = (us: number | null): string | null => (us === null ? null : isoMicroseconds(us));

/** 16 bytes as `8-4-4-4-12` hexadecimal digits. */
export const formatUuid = (uuid: Buffer): string =>
  uuid.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

export const STATISTICS_COLUMNS: readonly StreamColumn[] = [
  { title: 'UUID', align: 'left', usual: 36, shrink: 'middle', least: 36 },
  { title: 'NAME', align: 'left', usual: 16, shrink: 'middle', least: 12, dispensable: 2 },
  { title: 'STATE', align: 'left', usual: 7 },
  { title: 'VCPUS', align: 'right', usual: 5, dispensable: 6 },
  { title: 'CPU', align: 'right', usual: 7 },
  { title: 'MEMORY', align: 'right', usual: 10, dispensable: 3 },
  { title: 'USED', align: 'right', usual: 10, dispensable: 7 },
  { title: 'RESIDENT', align: 'right', usual: 10, dispensable: 8 },
  { title: 'DISK READ', align: 'right', usual: 10, dispensable: 5 },
  { title: 'WRITTEN', align: 'right', usual: 10, dispensable: 5 },
  { title: 'NET IN', align: 'right', usual: 10, dispensable: 4 },
  { title: 'OUT', align: 'right', usual: 10, dispensable: 4 },
];

/** The same for people, by name: a row per host and instance, of several rows what is told latest. Sums over disks and nics. */
export const statisticsTable = ({ hosts, instances }: Observation): readonly (readonly string[])[] => [
  ...byName(hosts).map((host) => tableRow(host, 'host')),
  ...byName(instances).map((instance) => tableRow(instance, instance.state.toLowerCase())),
];

/** `web-2` before `web-10`. */
const byName = (instances: readonly Instance[]): readonly Instance[] => {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...instances].sort((a, b) => compare(nameOf(a), nameOf(b)));
};

const nameOf = ({ identity }: Instance): string => identity?.name ?? identity?.instanceName ?? '';

function tableRow(instance: Instance, state: string): readonly string[] {
  const row = latestOf(instance.rows);
  const disks = row?.disks ?? [];
  const nics = row?.nics ?? [];
  return [
    formatUuid(instance.uuid),
    nameOf(instance),
    state,
    humanCount(row?.vcpus ?? null),
    humanTime(row?.cpuTime ?? null),
    humanBytes(row?.memory ?? null),
    humanBytes(row?.memoryUsage ?? null),
    humanBytes(row?.memoryResident ?? null),
    humanBytes(sumOf(disks.map(({ readBytes }) => readBytes))),
    humanBytes(sumOf(disks.map(({ writeBytes }) => writeBytes))),
    humanBytes(sumOf(nics.map(({ rxBytes }) => rxBytes))),
    humanBytes(sumOf(nics.map(({ txBytes }) => txBytes))),
  ];
}

/** The last row; of what it does not tell of the instance itself, what a cumulative one before it does. */
const latestOf = (rows: readonly Row[]): Row | undefined =>
  rows.reduce<Row | undefined>((before, row) => {
    if (before === undefined || before.interval !== null || row.interval !== null) return row;
    return {
      ...row,
      cpuTime: row.cpuTime ?? before.cpuTime,
      vcpus: row.vcpus ?? before.vcpus,
      memory: row.memory ?? before.memory,
      memoryUsage: row.memoryUsage ?? before.memoryUsage,
      memoryResident: row.memoryResident ?? before.memoryResident,
    };
  }, undefined);
