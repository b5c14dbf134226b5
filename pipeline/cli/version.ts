import type { Command } from 'commander';
import { exactJson } from '../runtime/json.ts';
import type { Parts } from './parts.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter version
  hypermeter version --json | jq -r .librdkafka.version`;

export function addVersion(program: Command, parts: Parts, terminal: Terminal): void {
  program
    .command('version')
    .description('print the versions of hypermeter and what it runs on')
    .option('--json', 'as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: boolean }) => {
      const librdkafka = await parts.librdkafka();
      const versions = { hypermeter: parts.version, node: process.version, librdkafka };
      await writeLine(terminal.stdout, json ? exactJson(versions) : forPeople(versions));
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
