import type { Logged } from '../../avro/logged.ts';
import type { Instance, Snapshot } from '../../avro/snapshot.ts';
import { isoMicroseconds } from '../runtime/iso-time.ts';
import { exactJson } from '../runtime/json.ts';
import { formatUuid, STATISTICS_COLUMNS, statisticsTable } from './raw-statistics.ts';
import { createStreamTable, type StreamColumn } from './stream-table.ts';
import { ABSENT } from './table.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** Prints a slice; resolves with whether there was anything to print. */
export type RawPrinter = (snapshot: Snapshot, logged: Logged) => Promise<boolean>;

const COLUMNS: readonly StreamColumn[] = [
  { title: 'OBSERVED', align: 'left', usual: 12 },
  { title: 'HYPERVISOR', align: 'left', shrink: 'middle', usual: 12, dispensable: 1 },
  ...STATISTICS_COLUMNS,
];

/** A line for each row of each instance and host, as it was read. */
export function createRawTable(terminal: Terminal): RawPrinter {
  const print = createStreamTable(COLUMNS, terminal);
  return async ({ source, poll, hosts, instances }) => {
    const { startedAt, endedAt, partial } = poll;
    const single = { hosts: hosts.flatMap(byRow), instances: instances.flatMap(byRow) };
    const cells = statisticsTable({ startedAt, endedAt, partial, bootedAt: source.bootedAt, calls: 0, ...single });
    const rows = [...single.hosts, ...single.instances].map(({ rows: [row] }, at) => [
      row === undefined ? ABSENT : isoMicroseconds(row.observedAt).slice(11, 23),
      source.hypervisor,
      ...(cells[at] ?? []),
    ]);
    await print(rows);
    return rows.length > 0;
  };
}

/** The instance once for each of its rows; also where it has none. */
const byRow = (instance: Instance): readonly Instance[] =>
  instance.rows.length === 0 ? [instance] : instance.rows.map((row) => ({ ...instance, rows: [row] }));

/** An object for each slice: the Snapshot as the contract has it, uuids readable, and where it lay in the topic. */
export const createRawJson =
  ({ stdout }: Terminal): RawPrinter =>
  async (snapshot, { partition, offset, time }) => {
    const { source, poll, hosts, instances } = snapshot;
    const named = (all: readonly Instance[]) => all.map((each) => ({ ...each, uuid: formatUuid(each.uuid) }));
    const place = { partition, offset, recorded_at: isoMicroseconds(time) };
    await writeLine(stdout, exactJson({ ...place, source, poll, hosts: named(hosts), instances: named(instances) }));
    return true;
  };
