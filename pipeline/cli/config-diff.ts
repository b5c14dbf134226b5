import type { Command } from 'commander';
import { type Difference, differencesOf } from '../runtime/config/differences.ts';
import { withDefaults } from '../runtime/config/print.ts';
import { isObject, jsonSchema } from '../runtime/config/schema-node.ts';
import { exactJson } from '../runtime/json.ts';
import { type Effect, effectOf, type RoleName } from './config-effects.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { type GlobalOptions, loadFor, outputOption } from './options.ts';
import type { Parts } from './parts.ts';
import { printable } from './table.ts';
import { colored, type Terminal, writeLine } from './terminal.ts';

const EXAMPLES = `
Examples:
  hypermeter config diff hypermeter.yaml new.yaml
  hypermeter config diff hypermeter.yaml new.yaml -o json | jq -r '.path + ": " + (.restart | join(", "))'
  git show HEAD:hypermeter.yaml > /tmp/old.yaml; hypermeter config diff /tmp/old.yaml hypermeter.yaml

What is compared is what is in effect, with all defaults; HYPERMETER__… of the environment counts for both. Durations and
sizes are compared by what they mean, entries of lists by their names. No secret is shown; that one differs is.
What a changed window gives of the same raw data: hypermeter replay --against.

Exit codes: 0 the same; ${EXIT.failure} they differ; ${EXIT.config} one of them is wrong or not there.`;

interface DiffOptions extends GlobalOptions {
  readonly output: 'table' | 'json';
}

interface Change extends Difference, Effect {}

export function addConfigDiff(config: Command, parts: Parts, terminal: Terminal): void {
  config
    .command('diff')
    .description('tell what two configurations do not have alike, who has to be restarted, and what it does')
    .argument('<file>', 'configuration file (YAML)')
    .argument('<other-file>', 'the other, as it is to be')
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action(async (before: string, after: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<DiffOptions>();
      const load = (file: string) => loadFor('print', { config: file, set: [] }, parts.schema, terminal);
      const [one, other] = [await load(before), await load(after)];
      const schema = jsonSchema(parts.schema);
      const sides = { before: one.config, after: other.config };
      const found = differencesOf(withDefaults(one.written, schema), withDefaults(other.written, schema), schema);
      const changes = found.map((difference) => ({ ...difference, ...effectOf(difference, sides) }));
      const lines =
        options.output === 'json'
          ? changes.map((change) => exactJson(changeJson(change)))
          : reportLines(changes, colored(options.color, terminal.stdout, terminal.env));
      for (const line of lines) await writeLine(terminal.stdout, line);
      if (changes.length > 0) throw new CommandFailure(EXIT.failure, '');
    });
}

const kindOf = ({ before, after }: Difference): 'added' | 'removed' | 'changed' => {
  if (before === undefined) return 'added';
  return after === undefined ? 'removed' : 'changed';
};

const changeJson = (change: Change) => ({
  path: change.at,
  change: kindOf(change),
  before: change.before ?? null,
  after: change.after ?? null,
  secret_differs: change.secret,
  restart: change.restart,
  effect: change.tells,
});

const SIGNS = { added: ['+', '32'], removed: ['-', '31'], changed: ['~', '33'] } as const;

function reportLines(changes: readonly Change[], isColored: boolean): readonly string[] {
  if (changes.length === 0) return ['no difference'];
  const lines = changes.flatMap((change) => {
    const [sign, color] = SIGNS[kindOf(change)];
    const mark = isColored ? `\u001b[${color}m${sign}\u001b[0m` : sign;
    const told = change.tells === null ? [] : [`    ${printable(change.tells)}`];
    return [`${mark} ${printable(`${change.at}: ${valuesText(change)}${whomText(change.restart)}`)}`, ...told];
  });
  return [...lines, '', restartLine(new Set(changes.flatMap(({ restart }) => restart)))];
}

function valuesText({ before, after, secret }: Difference): string {
  if (before === undefined) return valueText(after);
  if (after === undefined) return valueText(before);
  return secret ? `${valueText(after)} (another secret)` : `${valueText(before)} → ${valueText(after)}`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (isObject(value)) {
    const members = Object.entries(value).map(([key, member]) => `${key}: ${valueText(member)}`);
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  return String(value);
}

const whomText = (restart: readonly RoleName[]): string => (restart.length === 0 ? '' : ` (${restart.join(', ')})`);

function restartLine(restart: ReadonlySet<RoleName>): string {
  if (restart.size === 0) return 'nobody has to be restarted';
  return restart.size === 2
    ? 'to be restarted: collectors and pipelines'
    : `to be restarted: ${restart.has('collect') ? 'collectors; pipelines' : 'pipelines; collectors'} go on`;
}
