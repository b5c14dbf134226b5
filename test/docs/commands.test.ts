import { EventEmitter } from 'node:events';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parts } from '../../pipeline/cli/composition.ts';
import { createProgram } from '../../pipeline/cli/program.ts';
import { collected } from '../pipeline/runtime/collected.ts';
import { pages, readPage } from './markdown.ts';
import { commandsIn, commandsOf } from './shell.ts';

describe('the commands of the documentation', () => {
  const shown = pages().flatMap(commandsOf);

  it('are found', () => {
    expect(shown.length).toBeGreaterThan(20);
  });

  it.each(shown.map((command) => [`${command.file}:${command.line} ${command.text}`, command.words] as const))(
    '%s is one',
    async (_, words) => expect(await taken(words)).toBe(''),
  );

  it.each(all(program(() => undefined)).map((command) => [nameOf(command), command] as const))(
    '%s --help has examples that are ones',
    async (name, command) => {
      const examples = commandsIn(name, helpOf(command));
      expect(examples.length).toBeGreaterThan(0);
      for (const { text, words } of examples) expect([text, await taken(words)]).toEqual([text, '']);
    },
  );

  it('would not be ones with another option', async () => {
    expect(await taken(['poll', '--nmae', 'kvm1'])).toContain('--nmae');
    expect(await taken(['pole'])).toContain('pole');
    expect(await taken(['poll', 'one', 'two'])).toContain('too many arguments');
  });

  it('are split as a shell splits them', () => {
    const page = {
      ...readPage('README.md'),
      blocks: [
        {
          language: 'sh',
          lines: [
            'npx hypermeter poll \'a b\' --set x="#1" -o json | jq .x   # a comment',
            'hypermeter run \\',
            '  -c x.yaml > out 2>&1',
            'helm install hypermeter x',
          ].map((text, index) => ({ file: 'x.md', line: index + 1, text })),
        },
      ],
    };
    expect(commandsOf(page).map(({ text, words }) => [text, words])).toEqual([
      ['hypermeter poll \'a b\' --set x="#1" -o json | jq .x', ['poll', 'a b', '--set', 'x=#1', '-o', 'json']],
      ['hypermeter run -c x.yaml > out 2>&1', ['run', '-c', 'x.yaml']],
    ]);
  });
});

/** What the program says against these words; nothing if it would run them. */
async function taken(words: readonly string[]): Promise<string> {
  let told = '';
  const parsed = program((text) => {
    told += text;
  });
  let ran = false;
  for (const command of all(parsed).filter(({ commands }) => commands.length === 0)) {
    command.action(() => {
      ran = true;
    });
  }
  try {
    await parsed.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'CommanderError') throw error;
    // A file that the reader has: the option that names it was taken.
    if (error.message.endsWith('cannot be read: ENOENT')) return '';
    return words.includes('--help') ? '' : `${error.message}${told}`;
  }
  return ran ? '' : 'nothing ran';
}

function program(stderr: (text: string) => void): Command {
  const terminal = { stdout: collected(), stderr: collected(), env: {}, signals: new EventEmitter() };
  const made = createProgram(parts, { ...terminal, exit: () => undefined });
  for (const command of [made, ...all(made)]) command.configureOutput({ writeErr: stderr });
  return made;
}

/** The commands below one, at any depth. */
const all = (command: Command): readonly Command[] => command.commands.flatMap((below) => [below, ...all(below)]);

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return help;
}
