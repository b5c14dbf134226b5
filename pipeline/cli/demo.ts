import type { Command } from 'commander';
import { MOST_HOSTS, MOST_INSTANCES } from '../../connectors/simulator/config.ts';
import type { Page } from '../page/page.ts';
import { printConfig } from '../runtime/config/print.ts';
import { jsonSchema } from '../runtime/config/schema-node.ts';
import type { Part } from '../runtime/lifecycle.ts';
import { type Program, type Runtime, withRuntime } from '../runtime/runtime.ts';
import { measured } from '../sinks/delivery.ts';
import { type Delivery, fanout } from '../sinks/fanout.ts';
import { createLane } from '../sinks/lane.ts';
import { createDelivery, sinkConfig } from '../sinks/registry.ts';
import type { SinkContext } from '../sinks/sink.ts';
import { collectorRole } from './collector-role.ts';
import { type Settings, schema } from './composition.ts';
import { createDemoSink } from './demo-sink.ts';
import { createTotals, type Totals } from './demo-totals.ts';
import { exitsOf } from './long-running.ts';
import { durationMs, type GlobalOptions, logOptions, outputOption, wholeNumber, wholeNumberTo } from './options.ts';
import { pageOf } from './page-role.ts';
import type { Parts } from './parts.ts';
import { clusterPart, deadLettersPart, pipelineRole, sinkContextOf } from './roles.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter demo
  hypermeter demo --for 30s --hosts 8 --instances 200
  hypermeter demo --for 20s -o json > samples.jsonl`;

/** The roles that it plays. */
const DEMO = { name: 'demo', collects: true, meters: true } as const;

interface DemoOptions extends GlobalOptions {
  readonly for?: number;
  readonly output: 'table' | 'json';
  readonly hosts: number;
  readonly instances: number;
  readonly seed: number;
}

const INTRODUCTION = `Hypermeter demo: a simulated fleet, an embedded Kafka broker, state in memory. No Kafka, no hypervisor needed.
VMs are polled every second and metered in windows of 5 s; some are rebooted or migrated on the way.`;

const FAREWELL = `Next: meter a real host   npx hypermeter poll qemu+tcp://HOST/system
      a configuration     npx hypermeter config init > hypermeter.yaml, then npx hypermeter run -c hypermeter.yaml
      every command       npx hypermeter --help`;

export function addDemo(program: Command, parts: Parts, terminal: Terminal): void {
  program
    .command('demo')
    .description('meter a simulated fleet on an embedded broker; needs nothing')
    .option('--for <duration>', 'stop after this time', durationMs)
    .addOption(outputOption())
    .option('--hosts <n>', 'simulated hosts', wholeNumberTo(MOST_HOSTS), 4)
    .option('--instances <n>', 'simulated VMs over all hosts', wholeNumberTo(MOST_INSTANCES), 50)
    .option('--seed <n>', 'another fleet', wholeNumber, 1)
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => demo(command.optsWithGlobals<DemoOptions>(), parts, terminal));
}

const writtenOf = ({ hosts, instances, seed }: DemoOptions): object => ({
  service: { id: 'demo', logLevel: 'warn' },
  kafka: { brokers: 'embedded' },
  collector: { interval: '1s', linger: '50ms' },
  connectors: [{ name: 'demo', type: 'simulator', hosts, instances, seed }],
  pipeline: { windows: [{ size: '5s' }], reorder: '1s' },
  ops: { listen: '127.0.0.1:0' },
});

async function demo(options: DemoOptions, parts: Parts, terminal: Terminal): Promise<void> {
  const written = writtenOf(options);
  const config = schema.parse(written);
  const page = pageOf(config, DEMO, printConfig(written, jsonSchema(schema)));
  const { stderr } = terminal;
  const totals = createTotals();
  await writeLine(stderr, `${INTRODUCTION}\n`);
  const { version: librdkafka } = await parts.librdkafka();
  await withRuntime(
    {
      build: { version: parts.version, node: process.version, librdkafka },
      listen: config.ops.listen,
      log: logOptions(options, config.service, terminal),
      watcher: page,
    },
    terminal.signals,
    exitsOf(terminal),
    (runtime) => programOf(options, config, parts, terminal, { runtime: counted(runtime, totals), page }, totals),
  );
  await writeLine(stderr, `\n${totals.line()}\n\n${FAREWELL}`);
}

/** The runtime, with the demo's totals counting along. */
const counted = (runtime: Runtime, totals: Totals): Runtime => ({
  ...runtime,
  report: (event) => {
    totals.count(event);
    runtime.report(event);
  },
});

function programOf(
  options: DemoOptions,
  config: Settings,
  parts: Parts,
  terminal: Terminal,
  { runtime, page }: { readonly runtime: Runtime; readonly page: Page },
  totals: Totals,
): Program {
  const { part: kafka, cluster } = clusterPart({ config, runtime });
  const shared = { config, runtime, cluster, page, env: terminal.env };
  const { part: deadLetters, letters } = deadLettersPart(cluster);
  const context = sinkContextOf(shared, letters);
  const delivery = deliveryOf(options, context, terminal, totals);
  const pipeline = pipelineRole(shared, delivery, letters);
  const collector = collectorRole(shared, parts.connectors, 2000);
  const ending: Part = { name: 'sinks', stop: () => delivery.close() };
  const told: Part = {
    name: 'introduction',
    start: () => {
      const at = `127.0.0.1:${runtime.ops?.port}`;
      const where = runtime.ops ? `status page http://${at}/\nin another terminal: npx hypermeter top ${at}\n` : '';
      return writeLine(
        terminal.stderr,
        `broker ${cluster().brokers} · the first window is finished in some seconds; Ctrl-C ends\n${where}`,
      );
    },
  };
  const timeIsUp = options.for === undefined ? [] : [runtime.clock.sleep(options.for, runtime.lifecycle.stopping)];
  for (const time of timeIsUp) time.catch(() => undefined);
  return {
    parts: [ending, kafka, deadLetters, pipeline, collector, told],
    done: Promise.race([pipeline.failed, collector.failed, ...timeIsUp]),
  };
}

const MOST_WAITING = 100_000;

/** Tables for people, samples as JSON lines for programs. A reader that went away ends the demo quietly. */
function deliveryOf(options: DemoOptions, context: SinkContext, terminal: Terminal, totals: Totals): Delivery {
  if (options.output === 'json') {
    return createDelivery([sinkConfig.parse({ type: 'stdout' })], context);
  }
  const sink = createDemoSink(context.clock, async (view) => {
    await writeLine(terminal.stdout, `${view.lines(terminal.stdout.columns).join('\n')}\n`);
    await writeLine(terminal.stderr, `${totals.line()}\n`);
  });
  const lane = createLane(
    measured(sink, context),
    { samples: MOST_WAITING, policy: 'block', choose: (all) => all },
    context.report,
  );
  return fanout([lane]);
}
