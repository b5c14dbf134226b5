import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { parts } from '../../../../pipeline/cli/composition.ts';
import { available } from '../../../services/service.ts';
import { runWith } from '../test-parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'hypermeter-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'raw one.avro'), '');
writeFileSync(join(folder, 'hypermeter.yaml'), '');

/** The script for a shell, in a file. */
async function script(shell: string): Promise<string> {
  const { code, stdout, stderr } = await runWith(parts, ['completion', shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const file = join(folder, `hypermeter.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

describe('completion in bash', () => {
  const complete = async (words: readonly string[]): Promise<readonly string[]> => {
    const file = await script('bash');
    const drive = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hypermeter; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const out = execFileSync('bash', ['--norc', '-c', drive, 'bash', file, 'hypermeter', ...words], { cwd: folder });
    return out
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  };

  it.each<[readonly string[], readonly string[]]>([
    [['comp'], ['completion']],
    [['config', 'd'], ['diff']],
    [
      ['tap', ''],
      ['raw', 'meters'],
    ],
    [['--color', 'never', 'rep'], ['replay']],
    [['--log-level', 'config', 'tap', 'r'], ['raw']],
    [
      ['check', '-o', ''],
      ['table', 'json'],
    ],
    [['check', '--output', '=', 'j'], ['json']],
    [['check', '--no-'], ['--no-connect']],
    [
      ['check', '-c', 'hyper'],
      ['hypermeter.bash', 'hypermeter.yaml'],
    ],
    [['replay', 'raw'], ['raw one.avro']],
    [['check', '--timeout', ''], []],
    [['completion', 'z'], ['zsh']],
    [['config', 'diff', 'hypermeter.y'], ['hypermeter.yaml']],
    [['run', '--lo'], ['--log-level']],
    [['nonsense', 'tap', 'r'], ['raw']],
  ])('%j', async (words, expected) => {
    const found = await complete(words);
    if (words.length > 1 || expected.length === 0) expect(found.slice(0, expected.length || 1)).toEqual(expected);
    expect(found).toEqual(expect.arrayContaining([...expected]));
  });
});

describe.skipIf(!(await available('fish')))('completion in fish [fish]', () => {
  it.each([
    ['hypermeter comp', ['completion']],
    ['hypermeter config d', ['diff']],
    ['hypermeter check -o ', ['json', 'table']],
    ['hypermeter --log-level config tap r', ['raw']],
    ['hypermeter check --time', ['--timeout']],
    ['hypermeter check --timeout ', []],
    ['hypermeter completion ', ['bash', 'fish', 'zsh']],
  ])('%s', async (line, expected) => {
    const file = await script('fish');
    const home = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
    const env = { ...process.env, ...home, file, line };
    const out = execFileSync('fish', ['-N', '-c', 'source $file; complete -C "$line"'], {
      cwd: folder,
      env,
    }).toString();
    expect(
      out
        .split('\n')
        .filter((word) => word !== '')
        .map((word) => word.split('\t')[0]),
    ).toEqual(expected);
  });
});

describe.skipIf(!(await available('zsh')))('completion in zsh [zsh]', () => {
  it('completes what is typed at a prompt', async () => {
    const file = await script('zsh');
    const setup = join(folder, 'setup.zsh');
    writeFileSync(
      setup,
      [
        'autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste; bindkey "^I" complete-word',
        `source ${file}`,
        'report() { print -r -- "<""<$BUFFER>"">"; BUFFER=; zle accept-line }; zle -N report; bindkey "^X" report',
        'print ready-to""-complete',
      ].join('\n'),
    );
    const lines = {
      'hypermeter comp': 'hypermeter completion ',
      'hypermeter config d': 'hypermeter config diff ',
      'hypermeter check -o j': 'hypermeter check -o json ',
      'hypermeter check --time': 'hypermeter check --timeout ',
      'hypermeter --log-level config tap r': 'hypermeter --log-level config tap raw ',
      [`hypermeter check -c ${folder}/hypermeter.y`]: `hypermeter check -c ${folder}/hypermeter.yaml `,
      'hypermeter completion b': 'hypermeter completion bash ',
    };
    const driver = fileURLToPath(new URL('complete.zsh', import.meta.url));
    const input = Object.keys(lines)
      .map((line) => `${line}\n`)
      .join('');
    const out = execFileSync('zsh', ['-f', driver, setup], { input, timeout: 60_000 }).toString();
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => `${line.trimEnd()} `),
    ).toEqual(Object.values(lines));
  });
});

it('knows no other shell', async () => {
  const { code, stderr } = await runWith(parts, ['completion', 'tcsh']);
  expect(code).toBe(64);
  expect(stderr).toContain('Allowed choices are bash, zsh, fish');
});
