import { DISK, INSTANCE, NIC } from '../../../../avro/batch.ts';
import {
  type Device,
  EMPTY_DISK_ROW,
  EMPTY_NIC_ROW,
  EMPTY_ROW,
  type Instance,
  type Row,
} from '../../../../avro/snapshot.ts';
import { type Cell, type Load, type LoadLine, ScriptError } from './script.ts';
import { ZERO } from './times.ts';

/** What one poll says of one series. */
export interface Answer {
  readonly load: Load;
  readonly line: LoadLine;
  readonly cell: Cell;
  /** When the poll really began, and what the source's clock said then; since the zero. */
  readonly at: number;
  readonly told: number;
}

/** The instances of a poll, from all that it says. */
export function instancesOf(answers: readonly Answer[]): readonly Instance[] {
  const byName = new Map<string, Answer[]>();
  for (const answer of answers) {
    if (answer.cell === 'unlisted') continue;
    const { instance } = answer.load.series;
    byName.set(instance, [...(byName.get(instance) ?? []), answer]);
  }
  return [...byName.values()].map(instanceOf);
}

function instanceOf(answers: readonly Answer[]): Instance {
  const { load, line, cell } = answers[0] as Answer;
  for (const other of answers) {
    if (other.line.epoch !== line.epoch || other.line.startedAt !== line.startedAt) {
      throw new ScriptError(other.line.place, `one poll tells two epochs of ${load.series.instance}`);
    }
    if ((other.cell === 'off') !== (cell === 'off')) {
      throw new ScriptError(other.line.place, `one poll says that ${load.series.instance} is off and that it is not`);
    }
  }
  const off = cell === 'off';
  const [disks, nics] = [devicesOf(answers, DISK), devicesOf(answers, NIC)];
  return {
    uuid: uuidOf(load.series.instance),
    epoch: line.epoch,
    startedAt: line.startedAt === null ? null : ZERO + line.startedAt,
    deletedAt: null,
    state: off ? 'SHUTOFF' : 'RUNNING',
    disks,
    nics,
    rows: off ? [] : rowsOf(answers, disks, nics),
    identity: null,
  };
}

/** The name, in sixteen bytes. */
function uuidOf(instance: string): Buffer {
  const uuid = Buffer.alloc(16);
  uuid.write(instance);
  return uuid;
}

function devicesOf(answers: readonly Answer[], kind: number): readonly Device[] {
  const devices = new Map<string, Device>();
  for (const { load, line } of answers) {
    const { series } = load;
    if (series.kind === kind) devices.set(series.device, { id: series.device, epoch: line.deviceEpoch });
  }
  return [...devices.values()];
}

/** One row for each time at which something was read. */
function rowsOf(answers: readonly Answer[], disks: readonly Device[], nics: readonly Device[]): readonly Row[] {
  const byTime = new Map<number, Answer[]>();
  for (const answer of answers) {
    const { line, told } = answer;
    const observedAt = line.dated ?? told + line.read;
    byTime.set(observedAt, [...(byTime.get(observedAt) ?? []), answer]);
  }
  return [...byTime]
    .sort(([a], [b]) => a - b)
    .map(([observedAt, read]) => {
      const { load, line, at } = read[0] as Answer;
      return {
        ...EMPTY_ROW,
        vcpus: read.find((answer) => answer.load.vcpus !== null)?.load.vcpus ?? null,
        ...statisticsOf(read, INSTANCE, ''),
        observedAt: ZERO + observedAt,
        interval: load.amounts,
        monotonic: load.monotonic ? at + line.read : null,
        disks: disks.map(({ id }) => ({ ...EMPTY_DISK_ROW, ...statisticsOf(read, DISK, id) })),
        nics: nics.map(({ id }) => ({ ...EMPTY_NIC_ROW, ...statisticsOf(read, NIC, id) })),
      };
    });
}

function statisticsOf(read: readonly Answer[], kind: number, device: string): Readonly<Record<string, bigint | null>> {
  const statistics: Record<string, bigint | null> = {};
  for (const { load, line, cell } of read) {
    const { series } = load;
    if (series.kind !== kind || series.device !== device) continue;
    if (Object.hasOwn(statistics, series.statistic)) {
      throw new ScriptError(line.place, `one poll reads ${series.label} twice at one time`);
    }
    statistics[series.statistic] = cell as bigint | null;
  }
  return statistics;
}
