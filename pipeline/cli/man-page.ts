import { EXIT_MEANINGS } from './exit.ts';
import { argumentText, flattened, type Manual, type ManualOption, usageOf } from './manual.ts';

/** The manual as a page of section 1, in the macros of man(7). */
export function manPage(manual: Manual, program: string, version: string): string {
  const [whole, ...commands] = flattened(manual);
  if (whole === undefined) return '';
  return [
    `.TH ${program.toUpperCase()} 1 "" "${program} ${version}" "User Commands"`,
    '.SH NAME',
    `${program} \\- ${plain(whole.summary.replace(/\.$/, '').toLowerCase())}`,
    '.SH SYNOPSIS',
    `.B ${program}`,
    '[\\fIoptions\\fR] \\fIcommand\\fR',
    '.SH DESCRIPTION',
    plain(whole.summary),
    'Results go to standard output, everything else to standard error.',
    '.SH OPTIONS',
    'Every command takes these.',
    ...whole.options.flatMap(optionLines),
    '.SH COMMANDS',
    ...commands.filter(({ commands: below }) => below.length === 0).flatMap((each) => commandLines(each, program)),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT_MEANINGS).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, plain(meaning)]),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, meaning]) => ['.TP', `.B ${plain(name)}`, plain(meaning)]),
    '.SH EXAMPLES',
    ...literal(whole.notes.split('\n\n')[0] ?? ''),
    '',
  ].join('\n');
}

/** Variables that the command line itself reads. */
export const ENVIRONMENT = [
  ['HYPERMETER__SECTION__SETTING', 'overrides a setting of the configuration, as HYPERMETER__COLLECTOR__INTERVAL=5s'],
  ['NO_COLOR', 'not empty: no colours, unless --color always'],
  ['TERM', '"dumb": no colours, unless --color always'],
] as const;

function commandLines(manual: Manual, program: string): readonly string[] {
  return [
    `.SS ${plain(usageOf(program, manual))}`,
    plain(`${manual.summary}.`),
    ...manual.arguments.flatMap((argument) => [
      '.TP',
      `\\fI${plain(argumentText(argument))}\\fR`,
      plain(argument.summary),
    ]),
    ...manual.options.filter(({ names }) => !names.includes('--help')).flatMap(optionLines),
    '.PP',
    ...literal(manual.notes),
  ];
}

function optionLines({ names, value, summary, choices, byDefault }: ManualOption): readonly string[] {
  const flags = names
    .map((name) => `\\fB${plain(name)}\\fR${value === null ? '' : ` \\fI${plain(value)}\\fR`}`)
    .join(', ');
  const more = [
    ...(choices.length === 0 ? [] : [`one of ${choices.join(', ')}`]),
    ...(byDefault === null ? [] : [`default ${byDefault}`]),
  ];
  return ['.TP', flags, plain(`${summary}${more.length === 0 ? '' : ` (${more.join('; ')})`}`)];
}

/** Text as it stands, without filling; empty lines are vertical space, as the macros want it. */
const literal = (text: string): readonly string[] =>
  text === '' ? [] : ['.nf', ...text.split('\n').map((line) => (line === '' ? '.sp' : plain(line))), '.fi'];

/** Text without meaning to roff: no escapes, no request at the beginning of a line, minus signs that can be copied. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replace(
      /[\u0080-\u{10ffff}]/gu,
      (character) =>
        SPECIAL[character] ?? `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );

const SPECIAL: Readonly<Record<string, string>> = { '…': '...', '’': '\\(cq', '–': '\\(en', '→': '\\(->' };
