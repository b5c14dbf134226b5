import type { Command } from 'commander';
import type { Part } from '../runtime/lifecycle.ts';
import { type Program, type Runtime, withRuntime } from '../runtime/runtime.ts';
import type { Role as ConfigRole } from './check-config.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addConfigOptions, type ConfigOptions, type GlobalOptions, loadFor, logOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { clusterPart, collectorRole, pipelineRole, type Role, sinkPart } from './roles.ts';
import type { Config } from './schema.ts';
import type { Terminal } from './terminal.ts';

/** Which of the two roles a process plays. */
export interface Roles {
  readonly collects: boolean;
  readonly meters: boolean;
}

/** A long-running command: loads the configuration, plays the roles, stops gracefully. */
export function addService(
  program: Command,
  name: Extract<ConfigRole, 'run' | 'collect' | 'pipeline'>,
  description: string,
  examples: string,
  roles: Roles,
  parts: Parts,
  terminal: Terminal,
): void {
  addConfigOptions(program.command(name))
    .description(description)
    .addHelpText('after', examples)
    .action(async (options: ConfigOptions, command: Command) => {
      const { config } = await loadFor(name, options, parts, terminal);
      await serve(config, roles, parts, terminal, command.optsWithGlobals());
    });
}

async function serve(
  config: Config,
  roles: Roles,
  parts: Parts,
  terminal: Terminal,
  options: GlobalOptions,
): Promise<void> {
  const { version: librdkafka } = await parts.librdkafka();
  const { failures } = await withRuntime(
    {
      build: { version: parts.version, node: process.version, librdkafka },
      listen: config.ops.listen,
      log: logOptions(options, config.service.logLevel, terminal),
    },
    terminal.signals,
    {
      exitNow: () => process.exit(EXIT.failure),
      crash: () => process.exit(EXIT.internal),
    },
    (runtime) => programOf(config, roles, parts, runtime),
  );
  if (failures.length > 0) throw new CommandFailure(EXIT.failure, '');
}

/** The parts of a configured process, from the sink towards the source. */
export function programOf(
  config: Config,
  { collects, meters }: Roles,
  { connectors }: Parts,
  runtime: Runtime,
): Program {
  const { part: kafka, cluster } = clusterPart({ config, runtime });
  const shared = { config, runtime, cluster };
  const before: Part[] = [];
  const playing: Role[] = [];
  if (meters) {
    const { part, sink } = sinkPart(shared);
    before.push(part);
    playing.push(pipelineRole(shared, sink));
  }
  if (collects) playing.push(collectorRole(shared, connectors));
  return { parts: [...before, kafka, ...playing], done: Promise.race(playing.map(({ failed }) => failed)) };
}
