import type { Command } from 'commander';
import type { Cluster } from '../kafka/cluster.ts';
import type { Page } from '../page/page.ts';
import type { Part } from '../runtime/lifecycle.ts';
import type { Program, Runtime } from '../runtime/runtime.ts';
import { openTracing, tracingPart } from '../tracing/open.ts';
import type { Role as ConfigRole } from './check-config.ts';
import { collectorRole } from './collector-role.ts';
import { type Settings, schema } from './composition.ts';
import { runLong } from './long-running.ts';
import { addConfigOptions, type ConfigOptions, type GlobalOptions } from './options.ts';
import { pageOf } from './page-role.ts';
import type { Parts } from './parts.ts';
import {
  clusterPart,
  deadLettersPart,
  inventoryPart,
  openedPart,
  pipelineRole,
  type Role,
  type Shared,
  sinkPart,
} from './roles.ts';
import type { Terminal } from './terminal.ts';

/** A long-running command and the roles that it plays. */
export interface Service {
  readonly name: Extract<ConfigRole, 'run' | 'collect' | 'pipeline'>;
  readonly description: string;
  readonly examples: string;
  readonly collects: boolean;
  readonly meters: boolean;
}

/** Adds a command that loads the configuration, plays its roles until a signal comes and stops gracefully. */
export function addService(program: Command, service: Service, parts: Parts, terminal: Terminal): void {
  addConfigOptions(program.command(service.name))
    .description(service.description)
    .addHelpText('after', service.examples)
    .action((_: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & GlobalOptions>();
      const page = (config: Settings, printed: string): Page => pageOf(config, service, printed);
      const long = { role: service.name, schema, options, parts, terminal, page };
      return runLong(long, (config, runtime, watching) =>
        programOf(config, service, parts, { runtime, page: watching, env: terminal.env }),
      );
    });
}

/** Tells where the embedded broker is, if it is one: commands of other processes read there. */
const addressPart = (cluster: () => Cluster, { log }: Runtime): Part => ({
  name: 'address',
  start: async () => {
    const { embedded, brokers } = cluster();
    if (embedded) log.info({ brokers }, `embedded broker; others read there by --set 'kafka.brokers=[${brokers}]'`);
  },
});

/** The parts of a configured process, from the sink towards the source. */
function programOf(
  config: Settings,
  { collects, meters }: Service,
  { connectors, version }: Pick<Parts, 'connectors' | 'version'>,
  around: Pick<Shared, 'page' | 'env'> & { readonly runtime: Runtime },
): Program {
  const { clock, report } = around.runtime;
  const traces = openTracing(config.tracing, { version, instance: config.service.id, clock, report });
  const traced = { ...around, tracing: traces?.tracing };
  if (!meters) {
    const { part: kafka, cluster } = openedPart({ config, runtime: around.runtime });
    const collector = collectorRole({ config, cluster, ...traced }, connectors);
    return { parts: [...tracingPart(traces), kafka, collector], done: collector.failed };
  }
  const { part: kafka, cluster } = clusterPart({ config, runtime: around.runtime });
  const shared = { config, cluster, ...traced };
  const deadLetters = deadLettersPart(cluster);
  const { part, delivery } = sinkPart(shared, deadLetters.letters);
  const playing: Role[] = [pipelineRole(shared, delivery, deadLetters.letters)];
  if (collects) playing.push(collectorRole(shared, connectors));
  return {
    parts: [
      ...tracingPart(traces),
      part,
      kafka,
      addressPart(cluster, around.runtime),
      deadLetters.part,
      ...inventoryPart(shared),
      ...playing,
    ],
    done: Promise.race(playing.map(({ failed }) => failed)),
  };
}
