import type { Command } from 'commander';
import { jsonSchema } from '../runtime/config/schema-node.ts';
import { suggestion } from '../runtime/config/suggest.ts';
import { SINK_KINDS } from '../sinks/registry.ts';
import { CommandFailure, EXIT } from './exit.ts';
import type { Parts } from './parts.ts';
import { sampleConfig } from './sample-config.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter config init > hypermeter.yaml
  hypermeter config init --connector libvirt --sink udp > hypermeter.yaml
  hypermeter config init --connector vsphere,xenapi --sink amqp,file > hypermeter.yaml`;

interface InitOptions {
  readonly connector: string;
  readonly sink: string;
}

export function addConfigInit(config: Command, parts: Parts, terminal: Terminal): void {
  const kinds = parts.connectors.map(({ kind }) => kind);
  config
    .command('init')
    .description('print a commented configuration to begin with')
    .option('--connector <types>', `connectors to have in it, with commas (${kinds.join(', ')})`, kinds[0])
    .option('--sink <types>', `sinks to have in it, with commas (${SINK_KINDS.join(', ')})`, 'stdout')
    .addHelpText('after', EXAMPLES)
    .action(async ({ connector, sink }: InitOptions) => {
      const connectors = typesIn(connector, 'connector', kinds);
      const sinks = typesIn(sink, 'sink', SINK_KINDS);
      await writeLine(terminal.stdout, sampleConfig(jsonSchema(parts.schema), { connectors, sinks }).trimEnd());
    });
}

/** The types that an option names. Throws a CommandFailure (64) if there is no such type of `what`. */
function typesIn(text: string, what: string, kinds: readonly string[]): readonly string[] {
  const wanted = text.split(',').filter((kind) => kind !== '');
  for (const kind of wanted) {
    if (kinds.includes(kind)) continue;
    const known = `known: ${kinds.join(', ')}${suggestion(kind, kinds)}`;
    throw new CommandFailure(EXIT.usage, `error: there is no ${what} type "${kind}"; ${known}`);
  }
  return wanted;
}
