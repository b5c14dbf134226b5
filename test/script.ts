import { Command, InvalidArgumentError, Option } from 'commander';

const USAGE = 64;

/**
 * The command line of a script that people run by `npm run`: with `--help`, and wrong words are told with the way to it and
 * end the process with 64. `name`: as it is called, `npm run bench --`.
 */
export const script = (name: string, description: string, notes: string): Command =>
  new Command(name)
    .description(description)
    .addHelpText('after', `\n${notes}`)
    .showHelpAfterError(`see: ${name} --help`)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE));

/** Parses a number above zero for an option. */
export function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number)) throw new InvalidArgumentError('expected a number above zero.');
  return number;
}

/** `--only`: some of what there is, with commas between; all by default. */
export const onlyOption = (known: readonly string[]): Option =>
  new Option('--only <names>', `some of them, with commas: ${known.join(', ')}`)
    .default(known, 'all')
    .argParser((text) => namesIn(text, known));

/** Parses names with commas between them, each one of `known`. */
export function namesIn(text: string, known: readonly string[]): readonly string[] {
  const names = text.split(',');
  const strange = names.find((name) => !known.includes(name));
  if (strange !== undefined) throw new InvalidArgumentError(`"${strange}" is none; there are: ${known.join(', ')}.`);
  return names;
}
