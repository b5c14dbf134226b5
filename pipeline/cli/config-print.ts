import type { Command } from 'commander';
import { printConfig } from '../runtime/config/print.ts';
import { jsonSchema } from '../runtime/config/schema-node.ts';
import { addConfigOptions, type ConfigOptions, loadFor } from './options.ts';
import type { Parts } from './parts.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter config print -c hypermeter.yaml
  HYPERMETER__COLLECTOR__INTERVAL=5s hypermeter config print -c hypermeter.yaml
  hypermeter config print --set kafka.brokers=kafka1:9092,kafka2:9092`;

export function addConfigPrint(config: Command, parts: Parts, terminal: Terminal): void {
  addConfigOptions(config.command('print'))
    .description('print the effective configuration, secrets as stars')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ConfigOptions) => {
      const { written } = await loadFor('print', options, parts.schema, terminal);
      await writeLine(terminal.stdout, printConfig(written, jsonSchema(parts.schema)).trimEnd());
    });
}
