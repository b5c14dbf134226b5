import type { Command } from 'commander';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { type Settings, schema } from './composition.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { interruptOf } from './interrupt.ts';
import { BEGINS_LATE, createMetering, tallyLines, windowsOf } from './metering.ts';
import { atMoment, type Moment, moment } from './moment.ts';
import { addConfigOptions, type ConfigOptions, durationMs, loadFor, wholeNumber } from './options.ts';
import { tornOption } from './raw-files.ts';
import { compareConfigs } from './replay-against.ts';
import { type ReplayLog, type ReplayRange, withReplayLog } from './replay-log.ts';
import type { SampleChoice } from './sample-choice.ts';
import { addSampleOptions } from './sample-options.ts';
import { createSamplePrinter, type SampleOutput } from './sample-printer.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter replay raw.avro -c hypermeter.yaml --dry-run -o json
  hypermeter replay raw-*.avro -c hypermeter.yaml --dry-run --meter cpu.delta --resource web-1
  hypermeter replay -c hypermeter.yaml --since 2h --dry-run -o csv > windows.csv
  hypermeter replay raw.avro -c hypermeter.yaml --against other.yaml

What comes out are the lines that a file sink without settings of its own writes, in the order in which windows close. Files
are taken for all there is: at their end what is open is closed. Of the topic, which goes on, only what is closed by now.
With --against the windows of two configurations are compared, and where their sizes differ the totals of every series.

Exit codes: 0; ${EXIT.data} with --against if the totals of a series differ; ${EXIT.noInput} a file cannot be read; ${EXIT.unavailable} Kafka cannot be reached.`;

export interface ReplayOptions extends ConfigOptions, SampleChoice {
  readonly since?: Moment;
  readonly until?: Moment;
  readonly warmUp?: number;
  readonly final?: boolean;
  readonly dryRun?: boolean;
  readonly torn?: boolean;
  readonly against?: string;
  readonly limit?: number;
  readonly output: SampleOutput;
}

export function addReplay(program: Command, terminal: Terminal, clock: Clock = systemClock): void {
  const command = addConfigOptions(program.command('replay'))
    .argument('[files...]', 'Avro files of Snapshots; without them the raw topic, from --since on')
    .description('meter recorded raw data again, and print the windows that come out');
  addSampleOptions(command)
    .option('--dry-run', 'print what comes out and publish nothing')
    .addOption(tornOption())
    .option('--against <file>', 'compare with what another configuration gives')
    .option('--since <time>', 'windows that begin then or later: 2h ago, or a time', moment)
    .option('--until <time>', 'windows that end then or earlier', moment)
    .option('--warm-up <duration>', 'how far before --since to begin to read (default: as far as it takes)', durationMs)
    .option('--final', 'close at the end what is open then (default: of files)')
    .option('--no-final', 'leave out what is open at the end (default: of the topic)')
    .option('--limit <n>', 'stop after so many samples', wholeNumber)
    .addHelpText('after', EXAMPLES)
    .action((files: readonly string[], options: ReplayOptions) => replay(files, options, terminal, clock));
}

async function replay(
  files: readonly string[],
  options: ReplayOptions,
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  refuse(files, options);
  const { config } = await loadFor('replay', options, schema, terminal);
  const range = rangeOf(files, options, clock.now());
  if (options.against !== undefined) {
    const { config: other } = await loadFor('replay', { config: options.against, set: [] }, schema, terminal);
    return withReplayLog(range, [config, other], terminal, clock, (log) =>
      compareConfigs(log, { ...options, config, other, range }, terminal, clock),
    );
  }
  return withReplayLog(range, [config], terminal, clock, (log) =>
    printWindows(log, config, range, options, terminal, clock),
  );
}

function refuse(files: readonly string[], { dryRun, against, since, output, limit }: ReplayOptions): void {
  const usage = (what: string): never => {
    throw new CommandFailure(EXIT.usage, `error: ${what}`);
  };
  if (!dryRun && against === undefined)
    usage(
      'a replay publishes nothing: say --dry-run, and it prints what would come out (-o json: as a file sink does)',
    );
  if (files.length === 0 && since === undefined)
    usage('give Avro files of Snapshots, or with --since how far back to read the raw topic');
  if (against !== undefined && (output === 'csv' || limit !== undefined))
    usage('--against prints a table or json, and all of it');
}

/** Times without bounds are infinite. */
const rangeOf = (
  files: readonly string[],
  { since, until, warmUp, torn = false }: Pick<ReplayOptions, 'since' | 'until' | 'warmUp' | 'torn'>,
  now: number,
): ReplayRange => ({
  files,
  torn,
  since: since === undefined ? Number.NEGATIVE_INFINITY : atMoment(since, now),
  until: until === undefined ? Number.POSITIVE_INFINITY : atMoment(until, now),
  warmUp: warmUp === undefined ? null : warmUp * 1000,
});

async function printWindows(
  log: ReplayLog,
  config: Settings,
  range: ReplayRange,
  options: ReplayOptions,
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  const { limit = Number.POSITIVE_INFINITY, output } = options;
  const metering = createMetering(config, { ...options, from: range.since, until: range.until });
  const printer = createSamplePrinter(output, terminal);
  const interrupt = interruptOf(terminal);
  let printed = 0;
  try {
    for await (const samples of windowsOf(log, options.final, metering, interrupt, terminal, clock)) {
      const wanted = samples.slice(0, limit - printed);
      printed += wanted.length;
      await printer(wanted);
      if (printed >= limit) break;
    }
  } finally {
    interrupt.release();
  }
  for (const line of tallyLines(metering.tally)) await writeLine(terminal.stderr, line);
  if (log.beginsLate) await writeLine(terminal.stderr, BEGINS_LATE);
}
