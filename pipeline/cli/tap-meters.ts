import type { Command } from 'commander';
import type { Sample } from '../model/sample.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { type Settings, schema } from './composition.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { interruptOf } from './interrupt.ts';
import { BEGINS_LATE, createMetering, type Metering, tallyLines, windowsOf } from './metering.ts';
import { atMoment, type Moment, moment } from './moment.ts';
import { addConfigOptions, type ConfigOptions, loadFor, wholeNumber } from './options.ts';
import { lagOf, type ReplayLog, withReplayLog } from './replay-log.ts';
import type { SampleChoice } from './sample-choice.ts';
import { addSampleOptions } from './sample-options.ts';
import { createSamplePrinter, type SampleOutput, type SamplePrinter } from './sample-printer.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter tap meters -c hypermeter.yaml --follow
  hypermeter tap meters -c hypermeter.yaml --follow --meter cpu_util --resource 'web-*'
  hypermeter tap meters -c hypermeter.yaml --since 10m --project demo -o json | jq .counter_volume

The raw topic is metered here once more, by the rules of the configuration, beside the pipelines and all consumer groups: what
comes out is what they publish, under the same message_id, before sinks choose, rename or transform. Whether a destination has
it, only the destination knows: hypermeter listen udp, audit.

Exit codes: 0; ${EXIT.unavailable} Kafka cannot be reached.`;

/** What to try where no window that was asked for came. */
const NONE =
  'no window closed in that time: is a collector running? --since 10m looks further back, --follow waits for the next';

interface TapMetersOptions extends ConfigOptions, SampleChoice {
  readonly since?: Moment;
  readonly follow?: boolean;
  readonly limit?: number;
  readonly output: SampleOutput;
}

export function addTapMeters(tap: Command, terminal: Terminal, clock: Clock = systemClock): void {
  const command = addConfigOptions(tap.command('meters')).description(
    'print the windows that close, metered here from the raw topic',
  );
  addSampleOptions(command)
    .option('--since <time>', 'windows that begin then or later (default: the last one of each size)', moment)
    .option('--follow', 'go on with what comes')
    .option('--limit <n>', 'stop after so many samples', wholeNumber)
    .addHelpText('after', EXAMPLES)
    .action((options: TapMetersOptions) => tapMeters(options, terminal, clock));
}

async function tapMeters(options: TapMetersOptions, terminal: Terminal, clock: Clock): Promise<void> {
  const { config } = await loadFor('tap', options, schema, terminal);
  const now = clock.now();
  const since = options.since === undefined ? lastWindows(config, now) : atMoment(options.since, now);
  if (since > now) throw new CommandFailure(EXIT.usage, 'error: --since is in the future');
  const waits = options.follow === true;
  const range = { files: [], since, until: Number.POSITIVE_INFINITY, warmUp: null, waits };
  await withReplayLog(range, [config], terminal, clock, async (log) => {
    const metering = createMetering(config, { ...options, from: since, until: range.until });
    await writeLine(terminal.stderr, `metered here from ${config.kafka.topics.raw}, not read from a destination`);
    if (log.beginsLate) await writeLine(terminal.stderr, BEGINS_LATE);
    await print(log, metering, options, terminal, clock);
    for (const line of tallyLines(metering.tally)) await writeLine(terminal.stderr, line);
    if (metering.tally.samples === 0) await writeLine(terminal.stderr, NONE);
  });
}

/** Begin of the last window of the greatest size that nothing of is awaited any more. */
function lastWindows(config: Settings, now: number): number {
  const size = Math.max(...config.pipeline.windows.map((window) => window.size));
  return Math.floor((now - lagOf(config)) / size - 1) * size;
}

async function print(
  log: ReplayLog,
  metering: Metering,
  { output, limit = Number.POSITIVE_INFINITY, follow }: TapMetersOptions,
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  const printer = upTo(limit, createSamplePrinter(output, terminal));
  const interrupt = interruptOf(terminal);
  const isOver = () => interrupt.isOver() || printer.isDone();
  try {
    for await (const samples of windowsOf(log, undefined, metering, interrupt, terminal, clock)) {
      await printer.print(samples);
      if (isOver()) return;
    }
    if (!follow || log.tail === null) return;
    for await (const pulled of log.tail.follow()) {
      for (const message of pulled) await printer.print(metering.take(message));
      // Silence closes windows by the wall clock, as in a pipeline that has read everything.
      const isSilent = pulled.length === 0 && (await log.tail.isAtEnd());
      if (isSilent) await printer.print(metering.finish(clock.now()));
      if (isOver()) return;
    }
  } finally {
    interrupt.release();
  }
}

/** Prints so many samples and no more. */
function upTo(
  limit: number,
  printer: SamplePrinter,
): { print(samples: readonly Sample[]): Promise<void>; isDone(): boolean } {
  let printed = 0;
  return {
    print: async (samples) => {
      const wanted = samples.slice(0, limit - printed);
      printed += wanted.length;
      await printer(wanted);
    },
    isDone: () => printed >= limit,
  };
}
