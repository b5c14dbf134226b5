import type { Command } from 'commander';
import { jsonSchema } from '../runtime/config/schema-node.ts';
import { suggestion } from '../runtime/config/suggest.ts';
import { CommandFailure, EXIT } from './exit.ts';
import type { Parts } from './parts.ts';
import { sampleConfig } from './sample-config.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter config init > hypermeter.yaml
  hypermeter config init --connector libvirt,simulator > hypermeter.yaml`;

export function addConfigInit(config: Command, parts: Parts, terminal: Terminal): void {
  const kinds = parts.connectors.map(({ kind }) => kind);
  config
    .command('init')
    .description('print a commented configuration to begin with')
    .option('--connector <types>', `connectors to have in it, with commas (${kinds.join(', ')})`, kinds[0])
    .addHelpText('after', EXAMPLES)
    .action(async ({ connector }: { readonly connector?: string }) => {
      const wanted = (connector ?? '').split(',').filter((kind) => kind !== '');
      for (const kind of wanted) {
        if (kinds.includes(kind)) continue;
        const known = `known: ${kinds.join(', ')}${suggestion(kind, kinds)}`;
        throw new CommandFailure(EXIT.usage, `error: there is no connector type "${kind}"; ${known}`);
      }
      await writeLine(terminal.stdout, sampleConfig(jsonSchema(parts.schema), wanted).trimEnd());
    });
}
