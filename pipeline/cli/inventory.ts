import { type Command, Option } from 'commander';
import type { Endpoint } from '../../connectors/connector.ts';
import { type Book, createBook } from '../inventory/book.ts';
import { type Finding, type JudgeRules, ONE_LOOK, RULES } from '../inventory/judge.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { schema } from './composition.ts';
import { endpointsAt, endpointsIn } from './endpoints.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { lookAtFleet } from './fleet-look.ts';
import { plural } from './human.ts';
import { COLUMN_NAMES, type ColumnName, columnNames, findingNames } from './inventory-columns.ts';
import { lookDirectly } from './inventory-direct.ts';
import { follow } from './inventory-follow.ts';
import { createIntake, restoreFrom } from './inventory-log.ts';
import { OUTPUTS, type OutputFormat, reportLines } from './inventory-report.ts';
import { findingsIn, rowsOf, type Wanted } from './inventory-rows.ts';
import { addConfigOptions, type ConfigOptions, durationMs, type GlobalOptions, loadFor, waitMs } from './options.ts';
import type { Parts } from './parts.ts';
import { paceOf } from './poll-endpoint.ts';
import { progressOn } from './progress.ts';
import { rawFiles, tornOption, tornRule } from './raw-files.ts';
import { openTail } from './raw-tail.ts';
import { withCluster } from './reading-cluster.ts';
import { slowestInterval } from './slowest-interval.ts';
import { colored, type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter inventory -c hypermeter.yaml
  hypermeter inventory -c hypermeter.yaml --only twice,nobody,zombie --fail-on twice,nobody
  hypermeter inventory -c hypermeter.yaml --direct -o json | jq .host
  hypermeter inventory qemu+tcp://kvm1/system qemu+tcp://kvm2/system --columns uuid,name,seen-by
  hypermeter inventory raw.avro -o csv

Columns: ${COLUMN_NAMES.join(', ')}

Findings: twice, two endpoints list it alive; nobody, nova says that it runs and none lists it; zombie, listed though nova
says that it was deleted; stale, its only endpoint is silent. docs/inventory.md says more.

Exit codes: 0; ${EXIT.data} there is a finding of --fail-on; ${EXIT.noInput} a file cannot be read; ${EXIT.unavailable} Kafka or a hypervisor cannot be reached.`;

/** What slices wait for on the way, and clocks differ by. */
const SLACK_US = 30e6;

interface InventoryOptions extends ConfigOptions, GlobalOptions, Wanted {
  readonly direct?: boolean;
  readonly torn?: boolean;
  readonly since?: number;
  readonly timeout: number;
  readonly columns?: readonly ColumnName[];
  readonly output: OutputFormat;
  readonly follow?: boolean;
  readonly failOn?: readonly Finding[];
}

export function addInventory(program: Command, parts: Parts, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(program.command('inventory'))
    .argument('[targets...]', 'addresses of hypervisors, or Avro files of Snapshots, instead of the raw topic')
    .description('what is where, whose it is, who sees it, and what is seen twice or by nobody')
    .option('--direct', 'ask the configured hypervisors, and those that discovery finds, once, without Kafka')
    .addOption(tornOption())
    .option('--since <duration>', 'how far back to read the raw topic (default: far enough for every name)', durationMs)
    .addOption(new Option('--kind <kind>', 'only these').choices(['instance', 'host']))
    .option('--only <findings>', 'only entries with one of these findings', findingNames)
    .option('--project <project>', 'only of this project, by id or name')
    .option('--host <host>', 'only on this host, or listed by this endpoint')
    .option('--all', 'also what is deleted or gone')
    .option('--columns <names>', 'columns of the table, with commas', columnNames)
    .addOption(new Option('-o, --output <format>', 'for people or programs').choices([...OUTPUTS]).default('table'))
    .option('--follow', 'go on, with a line for each change')
    .option('--fail-on <findings>', `exit with ${EXIT.data} if there is one of these findings`, findingNames)
    .option('--timeout <duration>', 'of a hypervisor: for connecting and for its poll', waitMs, 10_000)
    .addHelpText('after', EXAMPLES)
    .action((targets: readonly string[], _: unknown, command: Command) =>
      inventory(targets, command.optsWithGlobals<InventoryOptions>(), parts, terminal, clock),
    );
}

async function inventory(
  targets: readonly string[],
  options: InventoryOptions,
  parts: Parts,
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  const files = targets.filter((target) => !target.includes('://'));
  const direct = options.direct === true || targets.length > files.length;
  refuseMixtures(targets, files, options, direct);
  const book = createBook();
  if (direct) {
    const { endpoints, unanswered, collector } = await endpointsFor(targets, options, parts, terminal, clock);
    const progress = progressOn(terminal, clock, 'endpoints');
    const asked = { timeoutMs: options.timeout, collector };
    const failed = await lookDirectly(book, endpoints, asked, clock, terminal, progress);
    await tell(book, ONE_LOOK, options, terminal);
    if (failed + unanswered > 0) throw new CommandFailure(EXIT.unavailable, '');
  } else if (files.length > 0) {
    const intake = createIntake(book);
    for await (const messages of rawFiles(files, tornRule(options, terminal)).messages()) intake.take(messages);
    await tell(book, RULES, options, terminal);
  } else await fromTopic(book, options, terminal, clock);
}

function refuseMixtures(
  targets: readonly string[],
  files: readonly string[],
  options: InventoryOptions,
  direct: boolean,
): void {
  const refuse = (what: string): never => {
    throw new CommandFailure(EXIT.usage, `error: ${what}`);
  };
  if (files.length > 0 && direct) refuse('give addresses, files, or --direct with -c, and not several of them');
  if (targets.length > 0 && (options.config !== undefined || options.set.length > 0))
    refuse('give either addresses or files, or a configuration with -c and --set');
  if (options.follow && (direct || files.length > 0)) refuse('--follow reads the raw topic, and nothing else');
  if (options.follow && options.output === 'csv')
    refuse('--follow prints lines for people, or with -o json for programs');
}

async function endpointsFor(
  targets: readonly string[],
  options: InventoryOptions,
  parts: Parts,
  terminal: Terminal,
  clock: Clock,
): Promise<{
  readonly endpoints: readonly Endpoint[];
  /** Sources of endpoints that could not be asked. */
  readonly unanswered: number;
  readonly collector: string;
}> {
  // There is no log and there are no metrics here: what fails is told on standard error.
  const context = { clock, report: () => undefined, pace: paceOf(options.timeout) };
  if (targets.length > 0) {
    const endpoints = targets.flatMap((uri) => endpointsAt(uri, parts.connectors, context));
    return { endpoints, unanswered: 0, collector: 'hypermeter' };
  }
  const { config } = await loadFor('poll', options, parts.schema, terminal);
  const { entries, unanswered } = await lookAtFleet(config, undefined, parts, terminal, clock);
  const endpoints = entries.flatMap((entry) => endpointsIn(entry, context));
  return { endpoints, unanswered, collector: config.service.id };
}

async function fromTopic(book: Book, options: InventoryOptions, terminal: Terminal, clock: Clock): Promise<void> {
  const { config } = await loadFor('inventory', options, schema, terminal);
  const { collector, kafka, inventory: kept } = config;
  const other = 'ask the hypervisors with --direct';
  await withCluster(kafka, other, terminal, clock, async (cluster) => {
    if (kept.topic !== undefined) await restoreFrom(book, cluster, kept.topic);
    const since =
      options.since === undefined
        ? collector.identityEvery + 3 * slowestInterval(config) + SLACK_US
        : options.since * 1000;
    const tail = await openTail(cluster, { since: clock.now() - since });
    try {
      const progress = progressOn(terminal, clock, 'raw messages');
      const intake = createIntake(book);
      let read = 0;
      for await (const messages of tail.messages()) {
        intake.take(messages);
        read += messages.length;
        progress(read, tail.total);
      }
      book.now = Math.max(book.now, clock.now());
      if (read === 0)
        await writeLine(
          terminal.stderr,
          `nothing was recorded in ${kafka.topics.raw} in the last ${since / 1e6} s: is a collector running? --since reads more`,
        );
      if (intake.unreadable() > 0)
        await writeLine(terminal.stderr, `${plural(intake.unreadable(), 'raw message')} could not be read`);
      if (!options.follow) return await tell(book, RULES, options, terminal);
      await follow(book, tail.consumer, intake, {
        ...options,
        clock,
        terminal,
        print: () => tell(book, RULES, options, terminal),
      });
    } finally {
      await tail.consumer.close();
    }
  });
}

async function tell(book: Book, rules: JudgeRules, options: InventoryOptions, terminal: Terminal): Promise<void> {
  const { output, columns, failOn = [], color } = options;
  const { stdout, env } = terminal;
  const rows = rowsOf(book, rules, options);
  const report = {
    output,
    width: stdout.columns,
    isColored: colored(color, stdout, env),
    ...(columns ? { columns } : {}),
  };
  const lines = reportLines(rows, book, report);
  if (lines.length > 0) await writeLine(stdout, lines.join('\n'));
  const found = findingsIn(rows);
  if (failOn.some((finding) => (found.get(finding)?.length ?? 0) > 0)) throw new CommandFailure(EXIT.data, '');
}
