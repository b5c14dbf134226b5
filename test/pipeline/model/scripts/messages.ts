import { DISK, INSTANCE, NIC } from '../../../../avro/batch.ts';
import { encodeSnapshot } from '../../../../avro/codec.ts';
import type { Source } from '../../../../avro/snapshot.ts';
import {
  type Device,
  EMPTY_DISK_ROW,
  EMPTY_NIC_ROW,
  EMPTY_ROW,
  type Instance,
  type Row,
  type Snapshot,
} from '../../../../avro/snapshot.ts';
import { pollOf } from '../polls.ts';
import { type Cell, type Load, type LoadLine, type Script, ScriptError } from './script.ts';
import { ZERO } from './times.ts';

/** A message of the log: what a source says of one poll. Times in microseconds. */
export interface Message {
  readonly recordedAt: number;
  readonly source: Source;
  readonly bytes: Buffer;
}

/** What one poll says of one series. */
interface Answer {
  readonly load: Load;
  readonly line: LoadLine;
  readonly cell: Cell;
  /** When the poll really began, and what the source's clock said then; since the zero. */
  readonly at: number;
  readonly told: number;
}

/** The answers that travel together. */
interface Poll {
  readonly answers: Answer[];
  readonly recordedAt: number;
}

/** The log that a script describes, in the order that it is recorded. */
export function messagesOf(script: Script): readonly Message[] {
  const polls = pollsOf(script.loads);
  const sequences = sequencesOf(polls);
  return polls
    .flatMap((poll) => {
      const message = messageOf(script, poll, sequences);
      const { again } = lead(poll).line;
      return again === null ? [message] : [message, { ...message, recordedAt: message.recordedAt + again }];
    })
    .sort((a, b) => a.recordedAt - b.recordedAt);
}

const lead = ({ answers }: Poll): Answer => answers[0] as Answer;

/** What a source says at one time is one poll, unless it is recorded or told at different times. */
function pollsOf(loads: readonly Load[]): readonly Poll[] {
  const polls = new Map<string, Poll>();
  for (const load of loads) {
    for (const line of load.lines) {
      line.cells.forEach((cell, n) => {
        if (cell === 'lost') return;
        const at = line.at + n * load.every;
        const told = (line.told ?? line.at) + n * load.every;
        const key = [load.source, at, told, line.late, line.again].join(' ');
        const poll = polls.get(key) ?? { answers: [], recordedAt: ZERO + at + line.late };
        poll.answers.push({ load, line, cell, at, told });
        polls.set(key, poll);
      });
    }
  }
  return [...polls.values()];
}

/** By source and time: which of its polls it is. */
function sequencesOf(polls: readonly Poll[]): ReadonlyMap<string, number> {
  const sequences = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const poll of [...polls].sort((a, b) => lead(a).at - lead(b).at)) {
    const { source } = lead(poll).load;
    const key = `${source} ${lead(poll).at}`;
    if (sequences.has(key)) continue;
    const sequence = counts.get(source) ?? 0;
    sequences.set(key, sequence);
    counts.set(source, sequence + 1);
  }
  return sequences;
}

function messageOf(script: Script, poll: Poll, sequences: ReadonlyMap<string, number>): Message {
  const { load, at, told } = lead(poll);
  const { source: hypervisor, sourceKind: kind, every } = load;
  for (const other of poll.answers) {
    if (other.load.every !== every || other.load.sourceKind !== kind) {
      throw new ScriptError(other.load.place, `${hypervisor} is loaded with another interval or kind before`);
    }
  }
  const partial = poll.answers.some(({ line }) => line.partial) ? 'the script says so' : null;
  const bootedAt = script.boots.filter((boot) => boot.source === hypervisor && boot.at <= at).at(-1)?.at;
  const blank = pollOf(0, instancesOf(poll.answers), { hypervisor, kind, partial });
  const source = { ...blank.source, bootedAt: bootedAt === undefined ? null : ZERO + bootedAt };
  const toldAt = ZERO + told;
  const times = { scheduledAt: toldAt, startedAt: toldAt, endedAt: toldAt, interval: every };
  const sequence = sequences.get(`${hypervisor} ${at}`) ?? 0;
  const snapshot: Snapshot = { ...blank, source, poll: { ...blank.poll, ...times, sequence } };
  return { recordedAt: poll.recordedAt, source, bytes: encodeSnapshot(snapshot) };
}

function instancesOf(answers: readonly Answer[]): readonly Instance[] {
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
export function uuidOf(instance: string): Buffer {
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
        vcpus: load.vcpus,
        ...statisticsOf(read, INSTANCE, ''),
        observedAt: ZERO + observedAt,
        interval: load.amounts,
        monotonic: load.monotonic ? at + line.read : null,
        disks: disks.map(({ id }) => ({ ...EMPTY_DISK_ROW, ...statisticsOf(read, DISK, id) })),
        nics: nics.map(({ id }) => ({ ...EMPTY_NIC_ROW, ...statisticsOf(read, NIC, id) })),
      };
    });
}

const statisticsOf = (read: readonly Answer[], kind: number, device: string): Readonly<Record<string, bigint | null>> =>
  Object.fromEntries(
    read
      .filter(({ load: { series } }) => series.kind === kind && series.device === device)
      .map(({ load, cell }) => [load.series.statistic, cell as bigint | null]),
  );
