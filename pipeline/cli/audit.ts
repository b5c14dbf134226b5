import type { Command } from 'commander';
import { audit, hasJudged, isClean, type RawLog, type Verdict } from '../audit/audit.ts';
import { partitionOf } from '../kafka/murmur2.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { exactJson } from '../runtime/json.ts';
import { jsonLine } from '../sinks/json-line.ts';
import { whyNothing } from './audit-nothing.ts';
import { verdictJson, verdictLines } from './audit-report.ts';
import { type Settings, schema } from './composition.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { timeUs } from './moment.ts';
import { addConfigOptions, type ConfigOptions, loadFor, outputOption } from './options.ts';
import { publishedFiles } from './published-files.ts';
import { rawFiles, tornOption, tornRule } from './raw-files.ts';
import { openRawTopic } from './raw-topic.ts';
import { withCluster } from './reading-cluster.ts';
import { deriveRulesOf, rulesOf } from './roles.ts';
import { slowestInterval } from './slowest-interval.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter audit -c hypermeter.yaml --published meters.jsonl*
  hypermeter audit -c hypermeter.yaml --published meters.jsonl --from 2026-11-24T00:00Z --until 2026-11-25T00:00Z
  hypermeter audit -c hypermeter.yaml --raw raw.avro --published meters.jsonl -o json | jq .residual
  zcat meters.jsonl.gz | hypermeter audit -c hypermeter.yaml --published -

It is told twice: the published deltas against the movement of the counters (residual), and every window against what
the raw log gives when it is read again (lost, wrong). What VMs took together is held against their host, where it tells. docs/operations.md says what the words mean and what to do.

Exit codes: 0 residual, lost, wrong, unequal duplicates and broken lines are all 0; ${EXIT.data} they are not, or no window was there to be
judged; ${EXIT.noInput} a file cannot be read; ${EXIT.unavailable} Kafka cannot be reached.`;

const PROGRESS_US = 5e6;
/** What silence has closed by now less this, a pipeline that has just stopped has published. */
const SETTLED_US = 10e6;

interface AuditOptions extends ConfigOptions {
  readonly published: readonly string[];
  readonly raw?: readonly string[];
  readonly torn?: boolean;
  readonly from?: number;
  readonly until?: number;
  readonly final?: boolean;
  readonly output: 'table' | 'json';
}

export function addAudit(program: Command, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(program.command('audit'))
    .description('hold what was published against the raw statistics: nothing lost, nothing wrong, nothing made up')
    .requiredOption(
      '--published <file...>',
      'JSON lines as the file sink or "listen udp -o json" writes them, rotated ones too; - for standard input',
    )
    .option('--raw <file...>', 'Avro files of Snapshots, instead of the raw topic of the configuration')
    .addOption(tornOption())
    .option('--from <time>', 'judge windows that begin at this time or later (default: the first published)', timeUs)
    .option('--until <time>', 'judge windows that end at this time or earlier (default: the last due)', timeUs)
    .option('--final', 'the pipelines have stopped and nothing is to come: everything must be there')
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action((options: AuditOptions) => auditCommand(options, terminal, clock));
}

async function auditCommand(options: AuditOptions, terminal: Terminal, clock: Clock): Promise<void> {
  const { from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = options;
  if (from >= until)
    throw new CommandFailure(EXIT.usage, 'error: --from is not before --until: no window lies between');
  const { config } = await loadFor('audit', options, schema, terminal);
  if (config.pipeline.late === 'revise')
    throw new CommandFailure(
      EXIT.config,
      'error: what late: revise gives cannot be audited yet: its windows come more than once',
    );
  const files = await publishedFiles(options.published);
  const verdict = await withRaw(options, config, terminal, clock, (raw) =>
    audit({
      raw,
      published: files,
      rules: rulesOf(config),
      deriveRules: deriveRulesOf(config),
      lineOf: jsonLine,
      settledAt: options.final ? clock.now() - SETTLED_US : Number.NEGATIVE_INFINITY,
      bounds: { from, until },
      interval: slowestInterval(config),
      onProgress: progressOn(terminal, clock),
      partitionOf: (instance, partitions) => partitionOf(Buffer.from(instance, 'hex'), partitions),
    }),
  );
  await tell(verdict, options, terminal);
  if (!hasJudged(verdict)) {
    const raw = options.raw?.join(', ') ?? `the topic ${config.kafka.topics.raw}`;
    throw new CommandFailure(EXIT.data, `nothing was judged: ${whyNothing(verdict, { ...options, raw })}`);
  }
  if (!isClean(verdict)) throw new CommandFailure(EXIT.data, '');
}

/** Opens the raw side, and closes it whatever happens. */
async function withRaw(
  { raw, torn = false }: AuditOptions,
  { kafka }: Settings,
  terminal: Terminal,
  clock: Clock,
  body: (raw: RawLog) => Promise<Verdict>,
): Promise<Verdict> {
  if (raw) return body(rawFiles(raw, tornRule({ torn }, terminal)));
  return withCluster(kafka, 'give its log with --raw', terminal, clock, async (cluster) => {
    const topic = await openRawTopic(cluster);
    return await body(topic).finally(() => topic.close());
  });
}

function progressOn({ stderr }: Terminal, clock: Clock): (side: string, done: number, total: number | null) => void {
  let last = clock.monotonic();
  return (side, done, total) => {
    if (clock.monotonic() - last < PROGRESS_US) return;
    last = clock.monotonic();
    const things = side === 'raw' ? 'raw messages' : 'published lines';
    stderr.write(total === null ? `${done} ${things}\n` : `${done} of ${total} ${things}\n`);
  };
}

function tell(verdict: Verdict, { output }: AuditOptions, { stdout }: Terminal): Promise<void> {
  if (output === 'json') return writeLine(stdout, exactJson(verdictJson(verdict)));
  return writeLine(stdout, verdictLines(verdict, stdout.columns).join('\n'));
}
