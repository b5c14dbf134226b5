import { Argument, type Command } from 'commander';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { placesOf } from './completion-places.ts';
import { zshCompletion } from './completion-zsh.ts';
import { manualOf } from './manual.ts';
import { type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  source <(hypermeter completion bash)
  hypermeter completion zsh > ~/.zfunc/_hypermeter
  hypermeter completion fish > ~/.config/fish/completions/hypermeter.fish

It is made of the commands themselves, and holds nothing of this machine. zsh wants compinit, and the folder in its fpath.`;

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function addCompletion(program: Command, terminal: Terminal): void {
  const shells = Object.keys(SHELLS);
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: keyof typeof SHELLS) => {
      await writeLine(terminal.stdout, SHELLS[shell](program.name(), placesOf(manualOf(program))).trimEnd());
    });
}
