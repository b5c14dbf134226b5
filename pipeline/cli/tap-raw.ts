import { type Command, InvalidArgumentError, Option } from 'commander';
import { decodeSnapshots } from '../../avro/codec.ts';
import { DecodeError } from '../../avro/decode-error.ts';
import type { Snapshot } from '../../avro/snapshot.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { type Settings, schema } from './composition.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { humanBytes, plural } from './human.ts';
import { interruptOf } from './interrupt.ts';
import { atMoment, type Moment, moment } from './moment.ts';
import { addConfigOptions, type ConfigOptions, loadFor, wholeNumber } from './options.ts';
import { progressOn } from './progress.ts';
import { chosen, missingOf, partitionFor, type RawChoice } from './raw-choice.ts';
import { createRawJson, createRawTable } from './raw-printer.ts';
import { type RawSave, saveRaw } from './raw-save.ts';
import { awaitTopic, openTail, type Stretch, type Tail } from './raw-tail.ts';
import { OTHER_CONFIG, withCluster } from './reading-cluster.ts';
import { slowestInterval } from './slowest-interval.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter tap raw -c hypermeter.yaml --follow
  hypermeter tap raw -c hypermeter.yaml --since 10m --instance 4d8094f5-c8b5-4472-b67b-0b75613c3af4
  hypermeter tap raw -c hypermeter.yaml --since 10m -o json | jq '.poll.partial'
  hypermeter tap raw -c hypermeter.yaml --since 2026-11-24T00:00Z --until 2026-11-24T01:00Z --save raw.avro

A snapshot is what one poll of one hypervisor saw, the part of it that is in one partition. The topic is read beside all
consumer groups. What --save has written, hypermeter replay, explain, audit --raw and inventory read, and every Avro library.

Exit codes: 0; ${EXIT.usage} also if the file of --save is there already; ${EXIT.unavailable} Kafka cannot be reached.`;

/** Three polls, and what slices wait for on the way. */
const SLACK_US = 30e6;

interface TapRawOptions extends ConfigOptions, RawChoice {
  readonly since?: Moment;
  readonly until?: Moment;
  readonly follow?: boolean;
  readonly limit?: number;
  readonly output?: 'table' | 'json';
  readonly save?: string;
}

export function addTapRaw(tap: Command, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(tap.command('raw', { isDefault: true }))
    .description('print or keep what collectors have written to the raw topic')
    .option('--since <time>', 'from what was recorded then: 10m ago, or a time (default: the last three polls)', moment)
    .option('--until <time>', 'up to what was recorded then (default: now)', moment)
    .option('--follow', 'go on with what comes')
    .option('--limit <n>', 'stop after so many snapshots', wholeNumber)
    .option('--hypervisor <id>', 'only of this endpoint')
    .option('--kind <kind>', 'only of endpoints of this kind: libvirt, vsphere …')
    .option('--instance <uuid>', 'only of this instance or host', uuidDigits)
    .addOption(
      new Option('-o, --output <format>', 'for people or programs (default: table, with --save none)').choices([
        'table',
        'json',
      ]),
    )
    .option('--save <file>', 'keep the snapshots in an Avro file')
    .addHelpText('after', EXAMPLES)
    .action((options: TapRawOptions) => tapRaw(options, terminal, clock));
}

/** Parses a UUID into 32 hex digits. */
function uuidDigits(text: string): string {
  const digits = text.toLowerCase().replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/.test(digits)) throw new InvalidArgumentError('expected a UUID.');
  return digits;
}

async function tapRaw(options: TapRawOptions, terminal: Terminal, clock: Clock): Promise<void> {
  if (options.follow && options.until !== undefined)
    throw new CommandFailure(EXIT.usage, 'error: --follow has no end, and --until is one');
  const { config } = await loadFor('tap', options, schema, terminal);
  await withCluster(config.kafka, OTHER_CONFIG, terminal, clock, async (cluster) => {
    if (options.follow) await awaitTopic(cluster, terminal);
    const tail = await openTail(cluster, stretchOf(options, config, clock.now()));
    try {
      await readAll(tail, options, config, terminal, clock);
    } finally {
      await tail.consumer.close();
    }
  });
}

function stretchOf(options: TapRawOptions, config: Settings, now: number): Stretch {
  const { since = { ago: 3 * slowestInterval(config) + SLACK_US }, until } = options;
  const only = (partitions: number): readonly number[] => {
    const partition = partitionFor(options, partitions);
    return partition === null ? Array.from({ length: partitions }, (_, each) => each) : [partition];
  };
  return { since: atMoment(since, now), only, ...(until === undefined ? {} : { until: atMoment(until, now) }) };
}

/** What came, and what became of it. */
interface Tally {
  messages: number;
  unreadable: number;
  snapshots: number;
}

async function readAll(
  tail: Tail,
  options: TapRawOptions,
  config: Settings,
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  const { save: path, follow, output = path === undefined ? 'table' : null } = options;
  const missing = missingOf(options);
  const save = path === undefined ? null : await saveRaw(path, config.kafka.topics.raw, missing);
  const print = output === null ? null : output === 'json' ? createRawJson(terminal) : createRawTable(terminal);
  const tally: Tally = { messages: 0, unreadable: 0, snapshots: 0 };
  const progress = progressOn(terminal, clock, 'raw messages');
  const interrupt = interruptOf(terminal);
  const isEnough = () => interrupt.isOver() || tally.snapshots >= (options.limit ?? Number.POSITIVE_INFINITY);
  const take = async (pulled: PulledMessages): Promise<void> => {
    for (const message of pulled) {
      if (isEnough()) return;
      tally.messages++;
      const { partition, offset, timestampUs: time } = message;
      for (const snapshot of snapshotsIn(message.value, tally)) {
        const wanted = chosen(snapshot, options);
        if (wanted === null || isEnough()) continue;
        const isShown = (await print?.(wanted, { partition, offset, time })) ?? true;
        await save?.add(wanted, { partition, offset, time });
        if (isShown || save !== null) tally.snapshots++;
      }
    }
  };
  try {
    for await (const pulled of tail.messages()) {
      await take(pulled);
      if (isEnough()) break;
      progress(tally.messages, tail.total);
    }
    if (follow && !isEnough()) {
      for await (const pulled of tail.follow()) {
        await take(pulled);
        if (pulled.length === 0) await save?.flush();
        if (isEnough()) break;
      }
    }
  } finally {
    await save?.close();
    interrupt.release();
  }
  await tell(tally, options, save, missing, terminal);
}

type PulledMessages = readonly {
  readonly partition: number;
  readonly offset: number;
  readonly timestampUs: number;
  readonly value: Buffer;
}[];

function snapshotsIn(value: Buffer, tally: Tally): readonly Snapshot[] {
  try {
    return decodeSnapshots(value);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    tally.unreadable++;
    return [];
  }
}

async function tell(
  { messages, unreadable, snapshots }: Tally,
  { save: path }: TapRawOptions,
  save: RawSave | null,
  missing: string | null,
  { stderr }: Terminal,
): Promise<void> {
  const broken = unreadable === 0 ? '' : `, ${unreadable} of them unreadable`;
  await writeLine(stderr, `${plural(messages, 'raw message')}${broken}, ${plural(snapshots, 'snapshot')}`);
  if (messages === 0) await writeLine(stderr, 'nothing was recorded then: is a collector running? --since reads more');
  if (save === null) return;
  await writeLine(stderr, `kept in ${path}, ${humanBytes(BigInt(save.size()))}`);
  if (missing !== null) await writeLine(stderr, `missing in it: ${missing}`);
}
