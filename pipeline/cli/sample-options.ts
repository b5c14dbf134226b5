import { type Command, Option } from 'commander';
import { collectWords } from './sample-choice.ts';
import { SAMPLE_OUTPUTS } from './sample-printer.ts';

/** What every command that prints samples takes. */
export const addSampleOptions = (command: Command): Command =>
  command
    .option('--meter <pattern>', 'only these meters: "disk.*", "!*.rate"; may be repeated', collectWords)
    .option('--resource <pattern>', 'only these resources: an id, or the uuid or name of an instance', collectWords)
    .option('--project <project>', 'only of this project, by id or name')
    .addOption(
      new Option('-o, --output <format>', 'for people or programs').choices([...SAMPLE_OUTPUTS]).default('table'),
    );
