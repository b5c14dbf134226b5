import type { EventEmitter } from 'node:events';
import type { Command, Option } from 'commander';

/** A command line as it is written down: its commands, arguments and options, whoever prints them. */
export interface Manual {
  /** The words after the program's name; none for the program itself. */
  readonly words: readonly string[];
  readonly summary: string;
  readonly arguments: readonly ManualArgument[];
  readonly options: readonly ManualOption[];
  /** Below the options: examples and notes. */
  readonly notes: string;
  readonly commands: readonly Manual[];
}

interface ManualArgument {
  readonly name: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  readonly summary: string;
  readonly choices: readonly string[];
}

export interface ManualOption {
  /** `-o`, `--output`. */
  readonly names: readonly string[];
  /** What its value is called, with brackets where it may be left out; null: it takes none. */
  readonly value: string | null;
  readonly choices: readonly string[];
  readonly summary: string;
  readonly byDefault: string | null;
}

/** Reads the manual out of a program. */
export function manualOf(command: Command, words: readonly string[] = []): Manual {
  const help = command.createHelp();
  return {
    words,
    summary: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      isRequired: argument.required,
      isVariadic: argument.variadic,
      summary: argument.description,
      choices: argument.argChoices ?? [],
    })),
    options: help.visibleOptions(command).map(optionOf),
    notes: notesOf(command),
    commands: help
      .visibleCommands(command)
      .filter((below) => below.name() !== 'help')
      .map((below) => manualOf(below, [...words, below.name()])),
  };
}

/** All of it in one list, the whole before its parts. */
export const flattened = (manual: Manual): readonly Manual[] => [manual, ...manual.commands.flatMap(flattened)];

function optionOf(option: Option): ManualOption {
  const [, value = null] = /(<.*>|\[.*\])$/.exec(option.flags) ?? [];
  const { defaultValue, defaultValueDescription } = option;
  const isTold = defaultValue !== undefined && defaultValue !== false && !isEmptyList(defaultValue);
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    value,
    choices: option.argChoices ?? [],
    summary: option.description,
    byDefault: isTold ? (defaultValueDescription ?? String(defaultValue)) : null,
  };
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** What `addHelpText` has put behind the help: commander gives it to whoever asks as it does itself. */
export function notesOf(command: Command): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  // It is one; its types do not say so.
  (command as unknown as EventEmitter).emit('afterHelp', { error: false, command, write });
  return text.trim();
}

/** `hypermeter replay [options] [files...]`. */
export function usageOf(program: string, manual: Manual): string {
  const parts = [program, ...manual.words];
  if (manual.options.length > 0) parts.push('[options]');
  if (manual.commands.length > 0) parts.push('<command>');
  return [...parts, ...manual.arguments.map(argumentText)].join(' ');
}

export function argumentText({ name, isRequired, isVariadic }: ManualArgument): string {
  const inside = isVariadic ? `${name}...` : name;
  return isRequired ? `<${inside}>` : `[${inside}]`;
}
