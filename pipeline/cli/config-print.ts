import { type Command, Option } from 'commander';
import { effectiveConfig, printConfig } from '../runtime/config/print.ts';
import { jsonSchema } from '../runtime/config/schema-node.ts';
import { exactJson } from '../runtime/json.ts';
import { addConfigOptions, type ConfigOptions, loadFor } from './options.ts';
import type { Parts } from './parts.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter config print -c hypermeter.yaml
  hypermeter config print -c hypermeter.yaml -o json | jq .pipeline.windows
  HYPERMETER__COLLECTOR__INTERVAL=5s hypermeter config print -c hypermeter.yaml
  hypermeter config print --set kafka.brokers=kafka1:9092,kafka2:9092`;

interface PrintOptions extends ConfigOptions {
  readonly output: 'yaml' | 'json';
}

export function addConfigPrint(config: Command, parts: Parts, terminal: Terminal): void {
  addConfigOptions(config.command('print'))
    .description('print the effective configuration, secrets as stars')
    .addOption(new Option('-o, --output <format>', 'for people or programs').choices(['yaml', 'json']).default('yaml'))
    .addHelpText('after', EXAMPLES)
    .action(async (options: PrintOptions) => {
      const { written } = await loadFor('print', options, parts.schema, terminal);
      const node = jsonSchema(parts.schema);
      const isJson = options.output === 'json';
      const text = isJson ? exactJson(effectiveConfig(written, node)) : printConfig(written, node).trimEnd();
      await writeLine(terminal.stdout, text);
    });
}
