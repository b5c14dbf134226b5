import type { z } from 'zod';
import type { Page } from '../page/page.ts';
import { formatFault } from '../runtime/config/fault.ts';
import { printConfig } from '../runtime/config/print.ts';
import { jsonSchema } from '../runtime/config/schema-node.ts';
import { createLog } from '../runtime/log.ts';
import { type Program, type Runtime, type RuntimeOptions, withRuntime } from '../runtime/runtime.ts';
import type { Role } from './check-config.ts';
import { CommandFailure, EXIT, killedBy } from './exit.ts';
import { type ConfigOptions, type GlobalOptions, loadQuietly, logOptions } from './options.ts';
import type { Parts } from './parts.ts';
import type { Config } from './schema.ts';
import type { Terminal } from './terminal.ts';

/** How a program ends that does not want to wait, or is broken. */
export const exitsOf = (terminal: Terminal) => ({
  exitNow: (signal: string) => terminal.exit(killedBy(signal)),
  crash: () => terminal.exit(EXIT.internal),
});

export interface LongRunning<Settings extends Config> {
  readonly role: Role;
  readonly schema: z.ZodType<Settings>;
  readonly options: ConfigOptions & GlobalOptions;
  readonly parts: Pick<Parts, 'version' | 'librdkafka'>;
  readonly terminal: Terminal;
  readonly routes?: RuntimeOptions['routes'];
  /** Makes the status page; `printed`: the effective configuration without secrets. */
  readonly page?: (config: Settings, printed: string) => Page;
}

/**
 * Runs a long-running command: loads its configuration, starts log, metrics and operator's port, runs the parts that
 * `body` makes until a signal or their end, and stops them. Throws a CommandFailure (1) if something did not stop in
 * time, and whatever kept the program from running.
 */
export async function runLong<Settings extends Config>(
  command: LongRunning<Settings>,
  body: (config: Settings, runtime: Runtime, page: Page | undefined) => Program | Promise<Program>,
): Promise<void> {
  const { options, parts, role, schema, terminal } = command;
  const { config, written, warnings } = loadQuietly(role, options, schema, terminal);
  const logging = logOptions(options, config.service, terminal);
  const log = createLog(logging);
  for (const warning of warnings) log.warn(`configuration: ${formatFault(warning)}`);
  const librdkafka = (await parts.librdkafka()).version;
  const hasPage = config.ops.page && config.ops.listen !== null;
  const page = hasPage ? command.page?.(config, printConfig(written, jsonSchema(schema))) : undefined;
  const runtimeOptions: RuntimeOptions = {
    build: { version: parts.version, node: process.version, librdkafka },
    listen: config.ops.listen,
    log: logging,
    watcher: page,
    ...(command.routes === undefined ? {} : { routes: command.routes }),
  };
  const { failures } = await withRuntime(runtimeOptions, terminal.signals, exitsOf(terminal), (runtime) =>
    body(config, runtime, page),
  );
  if (failures.length === 0) return;
  throw new CommandFailure(EXIT.failure, `did not stop cleanly: ${failures.map(({ part }) => part).join(', ')}`);
}
