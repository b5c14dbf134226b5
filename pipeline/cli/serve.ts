import type { Command } from 'commander';
import type { Part } from '../runtime/lifecycle.ts';
import type { Program, Runtime } from '../runtime/runtime.ts';
import type { Role as ConfigRole } from './check-config.ts';
import { type Settings, schema } from './composition.ts';
import { runLong } from './long-running.ts';
import { addConfigOptions, type ConfigOptions, type GlobalOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { clusterPart, collectorRole, deadLettersPart, pipelineRole, type Role, sinkPart } from './roles.ts';
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
      const long = { role: service.name, schema, options, parts, terminal };
      return runLong(long, (config, runtime) => programOf(config, service, parts, runtime));
    });
}

/** The parts of a configured process, from the sink towards the source. */
function programOf(
  config: Settings,
  { collects, meters }: Service,
  { connectors }: Pick<Parts, 'connectors'>,
  runtime: Runtime,
): Program {
  const { part: kafka, cluster } = clusterPart({ config, runtime });
  const shared = { config, runtime, cluster };
  const before: Part[] = [];
  const playing: Role[] = [];
  if (meters) {
    const deadLetters = deadLettersPart(cluster);
    const { part, delivery } = sinkPart(shared, deadLetters.letters);
    before.push(part, kafka, deadLetters.part);
    playing.push(pipelineRole(shared, delivery, deadLetters.letters));
  }
  if (collects) playing.push(collectorRole(shared, connectors));
  return {
    parts: [...(meters ? before : [kafka]), ...playing],
    done: Promise.race(playing.map(({ failed }) => failed)),
  };
}
