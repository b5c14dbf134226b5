import { encodeSnapshot } from '../../../../avro/codec.ts';
import type { Snapshot, Source } from '../../../../avro/snapshot.ts';
import { pollOf } from '../polls.ts';
import { type Answer, instancesOf } from './instances.ts';
import { type Load, type Script, ScriptError } from './script.ts';
import { ZERO } from './times.ts';

/** A message of the log: what a source says of one poll. Times in microseconds. */
export interface Message {
  readonly recordedAt: number;
  readonly source: Source;
  readonly bytes: Buffer;
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
    if (!isAlike(load, other.load)) {
      throw new ScriptError(other.load.place, `${hypervisor} is loaded with another interval, kind or basis before`);
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

/** What holds for a whole poll. */
const isAlike = (one: Load, other: Load): boolean =>
  one.every === other.every &&
  one.sourceKind === other.sourceKind &&
  one.amounts === other.amounts &&
  one.monotonic === other.monotonic;
