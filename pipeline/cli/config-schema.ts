import type { Command } from 'commander';
import { jsonSchema } from '../runtime/config/schema-node.ts';
import { exactJson } from '../runtime/json.ts';
import type { Parts } from './parts.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter config schema > hypermeter.schema.json
  hypermeter config schema | jq .properties.collector
  # In an editor with YAML support, as the first line of the configuration:
  # yaml-language-server: $schema=hypermeter.schema.json`;

export function addConfigSchema(config: Command, parts: Parts, terminal: Terminal): void {
  config
    .command('schema')
    .description('print the JSON Schema of the configuration')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      await writeLine(terminal.stdout, exactJson(jsonSchema(parts.schema), 2));
    });
}
