import { EXIT_MEANINGS } from './exit.ts';
import { ENVIRONMENT } from './man-page.ts';
import { argumentText, flattened, type Manual, type ManualOption, usageOf } from './manual.ts';

const PROGRAM = 'hypermeter';

/** docs/commands.md, from the program itself. */
export function commandDocs(manual: Manual): string {
  const leaves = flattened(manual).filter(({ commands }) => commands.length === 0);
  return `${[
    '# Commands',
    '',
    '<!-- Printed from the program itself (pipeline/cli/program.ts); a test compares. -->',
    '',
    'Results go to standard output, everything else to standard error. `-o json` is one JSON object a line, whole numbers with all',
    'their digits. Colours are on terminals only. The same as a manual page: `hypermeter man`; completion of words in a shell:',
    '`hypermeter completion`.',
    '',
    '| Command | Does |',
    '|---|---|',
    ...leaves.map((leaf) => `| [\`${leaf.words.join(' ')}\`](#${anchorOf(leaf)}) | ${cell(leaf.summary)} |`),
    '',
    '## Options of every command',
    '',
    ...optionRows(manual.options),
    '',
    '## Exit codes',
    '',
    'After sysexits(3).',
    '',
    '| Code | Means |',
    '|---|---|',
    ...Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`),
    '',
    '## Environment',
    '',
    '| Variable | Does |',
    '|---|---|',
    ...ENVIRONMENT.map(([name, meaning]) => `| \`${name}\` | ${cell(meaning)} |`),
    ...leaves.flatMap(commandSection),
  ].join('\n')}\n`;
}

function commandSection(manual: Manual): readonly string[] {
  const { words, summary, options, notes } = manual;
  const own = options.filter(({ names }) => !names.includes('--help'));
  const [examples = ''] = /^Examples:\n(?: {2}.*\n?)+/m.exec(notes) ?? [];
  const rest = notes.replace(examples, '').trim();
  return [
    '',
    `## ${words.join(' ')}`,
    '',
    `\`${usageOf(PROGRAM, manual)}\`: ${summary}.`,
    ...(manual.arguments.length === 0
      ? []
      : [
          '',
          '| Argument | Is |',
          '|---|---|',
          ...manual.arguments.map((argument) => `| \`${cell(argumentText(argument))}\` | ${cell(argument.summary)} |`),
        ]),
    ...(own.length === 0 ? [] : ['', ...optionRows(own)]),
    ...(examples === '' ? [] : ['', '```sh', ...linesOf(examples), '```']),
    ...(rest === '' ? [] : ['', ...rest.split('\n').map(escaped)]),
  ];
}

/** The commands of the examples, without their heading and indentation. */
const linesOf = (examples: string): readonly string[] =>
  examples
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.slice(2));

const optionRows = (options: readonly ManualOption[]): readonly string[] => [
  '| Option | Does | Default |',
  '|---|---|---|',
  ...options.map(({ names, value, summary, choices, byDefault }) => {
    const flags = `\`${names.join('`, `')}\`${value === null ? '' : ` \`${value}\``}`;
    const among = choices.length === 0 ? '' : `: ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
    return `| ${cell(flags)} | ${cell(summary)}${cell(among)} | ${byDefault === null ? '' : `\`${cell(byDefault)}\``} |`;
  }),
];

const anchorOf = ({ words }: Manual): string => words.join('-');
const escaped = (text: string): string => text.replaceAll('<', '\\<');
/** Text within a table. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<').replaceAll('`\\<', '`<');
