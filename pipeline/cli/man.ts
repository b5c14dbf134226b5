import type { Command } from 'commander';
import { manPage } from './man-page.ts';
import { manualOf } from './manual.ts';
import type { Parts } from './parts.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter man | man -l -
  hypermeter man > /usr/local/share/man/man1/hypermeter.1`;

export function addMan(program: Command, { version }: Pick<Parts, 'version'>, terminal: Terminal): void {
  program
    .command('man')
    .description('print the manual page of all commands, in roff')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      await writeLine(terminal.stdout, manPage(manualOf(program), program.name(), version).trimEnd());
    });
}
