import type { Command } from 'commander';
import { createEvidence } from '../audit/evidence.ts';
import { type Explanation, explain } from '../audit/explanation.ts';
import { createWindowSearch, type FoundWindow, type WindowSearch } from '../audit/window-search.ts';
import { partitionOf } from '../kafka/murmur2.ts';
import { HOST, METERS, type Meter } from '../model/meters.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { suggestion } from '../runtime/config/suggest.ts';
import { exactJson } from '../runtime/json.ts';
import { type Settings, schema } from './composition.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { explanationJson } from './explain-json.ts';
import { whyNone } from './explain-none.ts';
import { explanationLines } from './explain-report.ts';
import { interruptOf } from './interrupt.ts';
import { windowsOf } from './metering.ts';
import { addConfigOptions, type ConfigOptions, durationMs, loadFor, outputOption } from './options.ts';
import { tornOption } from './raw-files.ts';
import { lagOf, type ReplayRange, withReplayLog } from './replay-log.ts';
import { deriveRulesOf, rulesOf } from './roles.ts';
import { type Terminal, writeLine } from './terminal.ts';
import { windowMeant } from './window-argument.ts';

const EXAMPLES = `
Examples:
  hypermeter explain cpu.delta 4d8094f5-c8b5-4472-b67b-0b75613c3af4 2026-11-24T10:00Z -c hypermeter.yaml
  hypermeter explain network.incoming.bytes.delta web-1 last -c hypermeter.yaml
  hypermeter explain cpu_util web-1 2026-11-24T10:00Z/2026-11-24T11:00Z -c hypermeter.yaml --raw raw.avro -o json

RESOURCE is the id that the sample has, or the uuid or name of a VM or host that has only one such resource. WINDOW is its
begin or any time in it, begin/end where windows of several sizes are made, or last. The raw topic is metered again for it, and
its counter's movement reckoned a second time by other code (as hypermeter audit does): the sum of the steps has to be what the
model gives. The words of the steps: docs/raw-data.md, explain.

Exit codes: 0; ${EXIT.data} no such resource or window, or the sum is not what the model gives; ${EXIT.usage} also no such meter;
${EXIT.noInput} a file cannot be read; ${EXIT.unavailable} Kafka cannot be reached.`;

interface ExplainOptions extends ConfigOptions {
  readonly raw?: readonly string[];
  readonly torn?: boolean;
  readonly warmUp?: number;
  readonly output: 'table' | 'json';
}

export function addExplain(program: Command, terminal: Terminal, clock: Clock = systemClock): void {
  addConfigOptions(program.command('explain'))
    .argument('<meter>', 'such as cpu.delta')
    .argument('<resource>', 'id of the resource; or uuid or name of an instance or host')
    .argument('<window>', 'its begin, begin/end, or last')
    .description('from which raw readings, and by which steps, a published value came')
    .option('--raw <file...>', 'Avro files of Snapshots, instead of the raw topic of the configuration')
    .addOption(tornOption())
    .option('--warm-up <duration>', 'how far before the window to begin to read the topic', durationMs)
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action((meter: string, resource: string, window: string, options: ExplainOptions) =>
      explainCommand({ meter: meterCalled(meter), resource, window }, options, terminal, clock),
    );
}

interface Asked {
  readonly meter: Meter;
  readonly resource: string;
  readonly window: string;
}

function meterCalled(name: string): Meter {
  const meter = METERS.find((each) => each.name === name);
  if (meter) return meter;
  const names = METERS.map((each) => each.name);
  throw new CommandFailure(EXIT.usage, `error: no meter is called "${name}"${suggestion(name, names)}`);
}

async function explainCommand(asked: Asked, options: ExplainOptions, terminal: Terminal, clock: Clock): Promise<void> {
  const { config } = await loadFor('explain', options, schema, terminal);
  const bounds = windowMeant(
    asked.window,
    config.pipeline.windows.map(({ size }) => size),
  );
  const range = rangeOf(options, bounds, config, clock.now());
  const window = await search({ ...asked, bounds }, range, config, terminal, clock);
  const explanation = await explained(asked.meter, window, range, config, terminal, clock);
  const isSelected = deriveRulesOf(config)
    .selection.flat(2)
    .some(({ name }) => name === asked.meter.name);
  const { stdout } = terminal;
  const told = { meter: asked.meter, isSelected, explanation };
  if (options.output === 'json') await writeLine(stdout, exactJson(explanationJson(told)));
  else await writeLine(stdout, explanationLines(told, stdout.columns).join('\n'));
  if (explanation.conclusion === 'different') throw new CommandFailure(EXIT.data, '');
}

type Bounds = { readonly start: number; readonly end: number } | null;

function rangeOf(
  { raw = [], torn = false, warmUp }: ExplainOptions,
  bounds: Bounds,
  config: Settings,
  now: number,
): ReplayRange {
  const size = Math.max(...config.pipeline.windows.map((window) => window.size));
  const { start, end } = bounds ?? { start: now - lagOf(config) - 2 * size, end: Number.POSITIVE_INFINITY };
  return { files: raw, torn, since: start, until: end, warmUp: warmUp === undefined ? null : warmUp * 1000 };
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** Meters the log again and returns the window that is meant. Rejects with a CommandFailure that says why there is none. */
async function search(
  { meter, resource, bounds }: Omit<Asked, 'window'> & { readonly bounds: Bounds },
  range: ReplayRange,
  config: Settings,
  terminal: Terminal,
  clock: Clock,
): Promise<FoundWindow> {
  const from = bounds?.start ?? Number.NEGATIVE_INFINITY;
  const until = bounds?.end ?? Number.POSITIVE_INFINITY;
  const uuid = meter.kind < HOST ? UUID.exec(resource)?.[0] : undefined;
  const where = uuid === undefined ? range : { ...range, only: onlyOf(uuid.replaceAll('-', '')) };
  return withReplayLog(where, [config], terminal, clock, async (log) => {
    const searching = createWindowSearch(rulesOf(config), deriveRulesOf(config), { meter, resource, from, until });
    await readAll(log, searching, terminal, clock);
    const found = meantOf(searching, bounds);
    if (found !== null) return found;
    const reach = { isCut: log.tail !== null && log.tail.cut.size > 0, goesOn: !log.isWhole };
    throw new CommandFailure(
      EXIT.data,
      `error: ${whyNone(searching, { meter, resource, bounds }, reach, lagOf(config))}`,
    );
  });
}

const onlyOf =
  (instance: string) =>
  (partitions: number): readonly number[] => [partitionOf(Buffer.from(instance, 'hex'), partitions)];

async function readAll(
  log: Parameters<typeof windowsOf>[0],
  reader: { take(message: Parameters<WindowSearch['take']>[0]): void; finish(now: number): void },
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  const interrupt = interruptOf(terminal);
  try {
    for await (const _ of windowsOf(log, undefined, reader, interrupt, terminal, clock));
    if (interrupt.isOver()) throw new CommandFailure(EXIT.failure, 'interrupted');
  } finally {
    interrupt.release();
  }
}

/** The window, of its revisions the last; null: there is none, or it is not clear which. */
function meantOf({ found }: WindowSearch, bounds: Bounds): FoundWindow | null {
  const windows = bounds === null ? found : found.filter(({ windowEnd }) => windowEnd === bounds.end);
  const resources = new Set(windows.map(({ instance, kind, device }) => `${instance}/${kind}/${device}`));
  if (resources.size !== 1) return null;
  const last = Math.max(...windows.map(({ windowEnd }) => windowEnd));
  return windows.findLast(({ windowEnd }) => windowEnd === last) ?? null;
}

async function explained(
  meter: Meter,
  window: FoundWindow,
  range: ReplayRange,
  config: Settings,
  terminal: Terminal,
  clock: Clock,
): Promise<Explanation> {
  const rules = rulesOf(config);
  const isHost = meter.kind >= HOST;
  const where = { ...range, only: onlyOf(window.instance) };
  return withReplayLog(isHost ? range : where, [config], terminal, clock, async (log) => {
    const evidence = createEvidence(rules, { ...window, meter, isHost });
    await readAll(log, { take: evidence.take, finish: () => undefined }, terminal, clock);
    evidence.finish();
    return explain(window, evidence.readings, evidence.changes, rules);
  });
}
