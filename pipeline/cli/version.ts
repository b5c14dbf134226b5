import type { Command } from 'commander';
import { exactJson } from '../runtime/json.ts';
import { outputOption } from './options.ts';
import type { Parts } from './parts.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter version
  hypermeter version -o json | jq -r .librdkafka.version`;

export function addVersion(program: Command, parts: Parts, terminal: Terminal): void {
  program
    .command('version')
    .description('print the versions of hypermeter and what it runs on')
    .addOption(outputOption())
    .option('--json', 'the same as -o json')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json, output }: { readonly json?: boolean; readonly output: string }) => {
      const librdkafka = await parts.librdkafka();
      const versions = { hypermeter: parts.version, node: process.version, librdkafka };
      await writeLine(terminal.stdout, json || output === 'json' ? exactJson(versions) : forPeople(versions));
    });
}

const forPeople = (versions: {
  readonly hypermeter: string;
  readonly node: string;
  readonly librdkafka: { readonly version: string; readonly features: readonly string[] };
}): string =>
  [
    `hypermeter ${versions.hypermeter}`,
    `node ${versions.node}`,
    `librdkafka ${versions.librdkafka.version} (${versions.librdkafka.features.join(', ')})`,
  ].join('\n');
