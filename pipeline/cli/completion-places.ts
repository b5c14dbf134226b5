import { flattened, type Manual, type ManualOption } from './manual.ts';

/** What may come after the words of one command: what a shell needs to know of it. */
export interface Place {
  /** `/config/diff`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly PlaceOption[];
  /** Words of which an argument is one. */
  readonly choices: readonly string[];
  readonly takesFiles: boolean;
}

export interface Word {
  readonly name: string;
  readonly summary: string;
}

export interface PlaceOption {
  readonly names: readonly string[];
  readonly summary: string;
  /** What follows it: nothing, one of some words, a file, or something that nobody can guess. */
  readonly takes: 'nothing' | 'words' | 'file' | 'text';
  readonly words: readonly string[];
}

/** All places of a program. Its own options may stand behind every command. */
export const placesOf = (manual: Manual): readonly Place[] =>
  flattened(manual).map((each) => ({
    path: each.words.map((word) => `/${word}`).join(''),
    commands: each.commands.map(({ words, summary }) => ({ name: words.at(-1) ?? '', summary })),
    options: [...each.options, ...(each === manual ? [] : manual.options.filter(isOwn))].map(optionOf),
    choices: each.arguments.flatMap(({ choices }) => choices),
    takesFiles: each.arguments.some(({ name }) => isFile(name)),
  }));

/** Each command has a --help of its own. */
const isOwn = ({ names }: ManualOption): boolean => !names.includes('--help');

function optionOf({ names, value, choices, summary }: ManualOption): PlaceOption {
  const takes = value === null ? 'nothing' : choices.length > 0 ? 'words' : isFile(value) ? 'file' : 'text';
  return { names, summary, takes, words: choices };
}

const isFile = (name: string): boolean => /file|folder|directory/.test(name);
