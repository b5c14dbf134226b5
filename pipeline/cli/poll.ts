import type { Command } from 'commander';
import { type Endpoint, EndpointError, type Observation } from '../../connectors/connector.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { redactUrls } from '../runtime/config/redact.ts';
import { exactJson } from '../runtime/json.ts';
import { type Entry, endpointsIn } from './endpoints.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { chosenEntries } from './fleet-look.ts';
import { plural } from './human.ts';
import { addConfigOptions, type ConfigOptions, durationMs, outputOption, waitMs, wholeNumber } from './options.ts';
import type { Parts } from './parts.ts';
import { paceOf, pollEndpoint } from './poll-endpoint.ts';
import { STATISTICS_COLUMNS, statisticsOf, statisticsTable } from './raw-statistics.ts';
import { formatFitting } from './stream-table.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** Enough to hide slow hosts behind others, few enough for the sockets of any machine. */
const AT_ONCE = 32;

const EXAMPLES = `
Examples:
  hypermeter poll qemu+tcp://127.0.0.1/system
  hypermeter poll -c hypermeter.yaml kvm1 -o json | jq .cpuTime
  hypermeter poll -c hypermeter.yaml --count 6 --interval 10s -o json > raw.jsonl`;

interface PollOptions extends ConfigOptions {
  readonly name?: string;
  readonly output: 'table' | 'json';
  readonly count: number;
  readonly interval: number;
  readonly timeout: number;
}

export function addPoll(program: Command, parts: Parts, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(program.command('poll'))
    .argument('[address]', 'of a hypervisor; with -c the name of one that is configured or found, instead of all')
    .description('ask hypervisors once and print their raw statistics; needs no Kafka')
    .option('--name <name>', 'the same as a name after -c')
    .addOption(outputOption())
    .option('--count <n>', 'how many polls', wholeNumber, 1)
    .option('--interval <duration>', 'time between polls', durationMs, 10_000)
    .option('--timeout <duration>', 'time for connecting and for each poll', waitMs, 10_000)
    .addHelpText('after', EXAMPLES)
    .action(async (target: string | undefined, options: PollOptions) => {
      const { entries, unanswered } = await chosenEntries(target, options, parts, terminal, clock);
      // There is no log and there are no metrics here: what fails is told on standard error.
      const context = { clock, report: () => undefined, pace: paceOf(options.timeout) };
      const endpoints = entries.flatMap((entry) => endpointsIn(entry, context));
      if (endpoints.length === 0) throw nothingToPoll(entries, unanswered);
      const failed = await pollAll(endpoints, options, terminal, clock);
      if (failed + unanswered > 0) throw new CommandFailure(EXIT.unavailable, '');
    });
}

/** All there is speaks by itself, as nova does. */
function nothingToPoll(entries: readonly Entry[], unanswered: number): CommandFailure {
  const kinds = [...new Set(entries.map(({ kind }) => kind.kind))].join(', ');
  const message = `error: there is nothing to poll: ${kinds} cannot be asked; hypermeter check looks whether it is there`;
  return new CommandFailure(unanswered > 0 ? EXIT.unavailable : EXIT.usage, message);
}

/** Polls all endpoints, some at a time; one that fails is told of and does not stop the others. Resolves with how many failed. */
async function pollAll(
  endpoints: readonly Endpoint[],
  options: PollOptions,
  terminal: Terminal,
  clock: Clock,
): Promise<number> {
  const plan = { polls: options.count, intervalMs: options.interval, timeoutMs: options.timeout };
  const left = [...endpoints];
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let endpoint = left.shift(); endpoint !== undefined; endpoint = left.shift()) {
      const asked = endpoint;
      try {
        let polls = 0;
        await pollEndpoint(asked, plan, clock, (observation) =>
          print(asked, observation, polls++ === 0, options, terminal),
        );
      } catch (error) {
        if (!(error instanceof EndpointError)) throw error;
        failed++;
        await writeLine(terminal.stderr, redactUrls(error.message));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failed;
}

async function print(
  endpoint: Endpoint,
  observation: Observation,
  isFirst: boolean,
  options: PollOptions,
  { stdout, stderr }: Terminal,
): Promise<void> {
  const { id: hypervisor, kind } = endpoint;
  if (options.output === 'json') {
    const lines = statisticsOf({ hypervisor, kind }, observation).map((line) => exactJson(line));
    if (lines.length > 0) await writeLine(stdout, lines.join('\n'));
  } else {
    const rows = statisticsTable(observation);
    const milliseconds = (observation.endedAt - observation.startedAt) / 1000;
    const { hosts, instances, calls } = observation;
    const seen = [...(hosts.length === 0 ? [] : [plural(hosts.length, 'host')]), plural(instances.length, 'instance')];
    // The first poll also asks for names, which later ones know.
    const cost = `${plural(calls, 'call')}${isFirst ? ' for the first poll' : ''}, ${milliseconds.toFixed(1)} ms`;
    const heading = `${hypervisor} (${kind}): ${seen.join(', ')}, ${cost}`;
    const table = rows.length === 0 ? [] : formatFitting(STATISTICS_COLUMNS, rows, stdout.columns);
    await writeLine(stdout, [heading, ...table].join('\n'));
  }
  if (observation.partial !== null) await writeLine(stderr, `${hypervisor}: not complete: ${observation.partial}`);
}
