import type { Mistake, Section } from './mistake.ts';

/** docs/errors.md, of the same table that the tests make for real. */
export const errorsDocs = (sections: readonly Section[]): string =>
  `${[
    '# Errors',
    '',
    '<!-- Printed from test/errors; every message here is provoked for real by a test, and compared. -->',
    '',
    'The likeliest mistakes, what Hypermeter says to them, and what to do. A message says what is wrong, where, why, and what to do;',
    'passwords are never in it. Here `FILE`, `FOLDER` and `PORT` stand for your own, `…` for words of a library or a server. The exit codes:',
    '[commands.md](commands.md#exit-codes).',
    ...sections.flatMap(({ title, about, mistakes }) => ['', `## ${title}`, '', about, ...mistakes.flatMap(lines)]),
  ].join('\n')}\n`;

const lines = ({ title, told, remedy, code, yaml, words }: Mistake): readonly string[] => [
  '',
  `**${title.replaceAll('<', '\\<')}** (${code === 0 ? 'a warning' : `exit ${code}`})`,
  '',
  ...(typeof yaml === 'string' && yaml !== '' ? ['```text', ...yaml.split('\n'), '```'] : []),
  ...(yaml === undefined && Array.isArray(words)
    ? ['```text', `hypermeter ${words.map(quoted).join(' ')}`, '```']
    : []),
  '```text',
  ...told.split('\n'),
  '```',
  '',
  `What to do: ${remedy.replaceAll('<', '\\<')}${remedy.endsWith('?') ? '' : '.'}`,
];

const quoted = (word: string): string => (/[\s"'$]/.test(word) ? JSON.stringify(word) : word);
