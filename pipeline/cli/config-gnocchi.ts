import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFailure, EXIT } from './exit.ts';
import { gnocchiResources, MappingError } from './gnocchi-resources.ts';
import { addConfigOptions, type ConfigOptions, loadFor } from './options.ts';
import type { Parts } from './parts.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter config gnocchi --stock /usr/lib/python3/dist-packages/ceilometer/publisher/data/gnocchi_resources.yaml
  hypermeter config gnocchi -c hypermeter.yaml > gnocchi_resources.yaml   # where nothing but Hypermeter fills Gnocchi`;

interface Options extends ConfigOptions {
  /** The text of the file. */
  readonly stock?: string;
}

export function addConfigGnocchi(config: Command, parts: Parts, terminal: Terminal): void {
  addConfigOptions(config.command('gnocchi'))
    .description("print Ceilometer's mapping to Gnocchi with the meters that its own drops")
    .option('--stock <file>', 'add to this gnocchi_resources.yaml, and keep all that it has', textOf)
    .addHelpText('after', EXAMPLES)
    .action(async ({ stock, ...options }: Options) => {
      const { pipeline } = (await loadFor('print', options, parts.schema, terminal)).config;
      const sizes = pipeline.windows.map(({ size }) => size);
      if (sizes.length > 1) await writeLine(terminal.stderr, severalSizes(sizes));
      await writeLine(terminal.stdout, mapping(sizes, stock).trimEnd());
    });
}

function mapping(sizes: readonly number[], stock: string | undefined): string {
  try {
    return gnocchiResources(stock === undefined ? { sizes } : { sizes, stock });
  } catch (error) {
    if (!(error instanceof MappingError)) throw error;
    throw new CommandFailure(EXIT.data, `error: the file of --stock ${error.message}`);
  }
}

const severalSizes = (sizes: readonly number[]): string => {
  const least = `${Math.min(...sizes) / 1e6}s`;
  return `warning: Gnocchi keeps one value of a meter at a time, whatever window it is of: give the sink that leads there windows: [${least}]; it sums them up itself`;
};

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidArgumentError(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
