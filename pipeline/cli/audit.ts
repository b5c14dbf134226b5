import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { audit } from '../audit/audit.ts';
import { createPublished, type Published, takeLine } from '../audit/published.ts';
import { type Audit, isClean } from '../audit/report.ts';
import { topicPartitions } from '../kafka/admin.ts';
import { openCluster } from '../kafka/cluster.ts';
import { openConsumer } from '../kafka/consumer.ts';
import { systemClock } from '../runtime/clock.ts';
import { exactJson } from '../runtime/json.ts';
import { schema } from './composition.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addConfigOptions, type ConfigOptions, type GlobalOptions, loadFor } from './options.ts';
import { deriveRulesOf, rulesOf } from './roles.ts';
import { type Column, formatTable } from './table.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
What it says:
  residual     published deltas less the movement of the counters, all counters together; must be 0
  lost         samples that must have been published by now and are not there
  wrong        samples whose content is not what the raw topic gives
  unexpected   samples that the raw topic does not give
  duplicates   samples that came more than once, under the same id: receivers are to keep one of them

The movement is computed by plain arithmetic on the raw topic, apart from the code that meters. The raw topic must
still hold everything since the first of the published samples' windows began.

Examples:
  hypermeter audit -c hypermeter.yaml --published meters.jsonl
  hypermeter audit -c hypermeter.yaml --published meters.jsonl meters.jsonl.1 -o json
  hypermeter listen udp -o json > meters.jsonl   # collects what a UDP sink sends`;

interface AuditOptions extends ConfigOptions, GlobalOptions {
  readonly published: readonly string[];
  readonly final?: boolean;
  readonly output: 'table' | 'json';
}

/** Adds the command that holds what was published against the raw topic. Exit code 0: every figure is as it must be. */
export function addAudit(program: Command, terminal: Terminal): void {
  addConfigOptions(program.command('audit'))
    .description('check that published meters are exactly what the hypervisors counted')
    .requiredOption('--published <file...>', 'JSON lines of a file sink or of listen; - for standard input')
    .option('--final', 'the pipelines have stopped and nothing is to come: all must be there')
    .addOption(
      new Option('-o, --output <format>', 'for people or programs').choices(['table', 'json']).default('table'),
    )
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => runAudit(command.optsWithGlobals<AuditOptions>(), terminal));
}

async function runAudit(options: AuditOptions, terminal: Terminal): Promise<void> {
  const { config } = await loadFor('print', options, schema, terminal);
  if (config.kafka.brokers === 'embedded')
    throw new CommandFailure(
      EXIT.config,
      'kafka.brokers is embedded, which lives in one process only: nothing is left to audit',
    );
  const published = createPublished();
  for (const file of options.published) await readLines(published, file);
  const stop = new AbortController();
  const context = {
    clock: systemClock,
    report: () => undefined,
  };
  const cluster = await openCluster(config.kafka, context);
  try {
    const consumer = await openConsumer(cluster);
    try {
      const rules = rulesOf(config);
      const law = { rules, deriveRules: deriveRulesOf(config) };
      const result = await audit(
        {
          consumer,
          partitions: await topicPartitions(cluster, config.kafka.topics.raw),
          law,
          now: () => systemClock.now(),
          final: options.final === true,
          progress: progressTo(terminal),
          signal: stop.signal,
        },
        published,
      );
      await print(result, options, terminal);
      if (!isClean(result)) throw new CommandFailure(EXIT.failure, '');
    } finally {
      await consumer.close();
    }
  } finally {
    await cluster.close();
  }
}

async function readLines(published: Published, file: string): Promise<void> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }))
      takeLine(published, line, `${file}:${++number}`);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new CommandFailure(EXIT.usage, `cannot read ${file}: ${code}; give the file that a file sink has written`);
  }
}

/** Says how far it is, every second, where somebody looks on. */
function progressTo(terminal: Terminal): (read: number, of: number) => void {
  let toldAt = systemClock.monotonic();
  return (read, of) => {
    if (systemClock.monotonic() - toldAt < 1e6) return;
    toldAt = systemClock.monotonic();
    terminal.stderr.write(`read ${read.toLocaleString('en')} of ${of.toLocaleString('en')} messages\n`);
  };
}

const COLUMNS: readonly Column[] = [
  { title: 'METER', align: 'left' },
  { title: 'WINDOW', align: 'right' },
  { title: 'SERIES', align: 'right' },
  { title: 'MOVED', align: 'right' },
  { title: 'PUBLISHED', align: 'right' },
  { title: 'RESIDUAL', align: 'right' },
];

async function print(result: Audit, { output }: AuditOptions, terminal: Terminal): Promise<void> {
  if (output === 'json') {
    await writeLine(terminal.stdout, exactJson(result));
    return;
  }
  const rows = result.meters.map(({ meter, window, series, movement, published, residual }) => [
    meter,
    `${window}s`,
    String(series),
    movement,
    published,
    residual,
  ]);
  for (const line of formatTable(COLUMNS, rows)) await writeLine(terminal.stdout, line);
  await writeLine(terminal.stdout, '');
  for (const line of findings(result)) await writeLine(terminal.stdout, line);
  await writeLine(
    terminal.stdout,
    `residual ${result.residual} · lost ${result.lost} · wrong ${result.wrong} · unexpected ${result.unexpected} · duplicates ${result.duplicates}, of them unequal ${result.unequalDuplicates} · of ${result.readings} readings and ${result.published} lines`,
  );
}

/** What is not as it must be, by name. */
function* findings({ residuals, examples }: Audit): Iterable<string> {
  for (const { resource, meter, window, residual } of residuals.slice(0, 20))
    yield `residual ${residual}: ${meter} of ${resource} in windows of ${window} s`;
  for (const line of examples.lost) yield `lost: ${line}`;
  for (const { fields, expected, published } of examples.wrong)
    yield `wrong in ${fields.join(', ')}: ${published}\n  must be: ${expected}`;
  for (const line of examples.unexpected) yield `unexpected: ${line}`;
  for (const place of examples.broken) yield `broken: ${place}`;
}
