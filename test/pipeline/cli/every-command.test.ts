import { describe, expect, it } from 'vitest';
import { parts } from '../../../pipeline/cli/composition.ts';
import { flattened, manualOf } from '../../../pipeline/cli/manual.ts';
import { createProgram } from '../../../pipeline/cli/program.ts';
import type { Output } from '../../../pipeline/cli/terminal.ts';
import { collected } from '../runtime/collected.ts';
import { written } from '../runtime/config/fleet.ts';
import { aTerminal } from './a-terminal.ts';
import { runWith } from './test-parts.ts';

const terminal = aTerminal();
const commands = flattened(manualOf(createProgram(parts, terminal)));
const leaves = commands.filter((each) => each.commands.length === 0);

/** Commands that print nothing for programs to take apart, or nothing else. */
const WITHOUT_OUTPUT: Readonly<Record<string, string>> = {
  run: 'its log is JSON where it is no terminal',
  collect: 'its log is JSON where it is no terminal',
  pipeline: 'its log is JSON where it is no terminal',
  page: 'its /status.json is for programs',
  capture: 'it writes a folder of JSON files',
  'config init': 'it prints YAML to be edited',
  'config schema': 'it prints JSON anyway',
  'config gnocchi': 'it prints YAML for Ceilometer',
  'config import-ceilometer': 'it prints YAML to be edited',
  completion: 'it prints a script',
  man: 'it prints roff',
};

describe.each(leaves.map((leaf) => [leaf.words.join(' '), leaf] as const))('%s', (name, leaf) => {
  it('has a summary, examples and exit codes, and help on standard output', async () => {
    expect(leaf.summary).toMatch(/^[a-z].*[^.]$/);
    expect(leaf.notes).toMatch(/^Examples:\n(?: {2}.*\n)*? {2}.*hypermeter /m);
    expect(leaf.notes).toContain('Exit codes: 0');
    const { code, stdout, stderr } = await runWith(parts, [...leaf.words, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: hypermeter ${name}`);
    expect(stdout).not.toContain('\u001b');
  });

  it('has an output for programs, or a reason to have none', () => {
    const output = leaf.options.find(({ names }) => names.includes('--output'));
    if (name in WITHOUT_OUTPUT) expect(output).toBeUndefined();
    else expect(output?.choices).toContain('json');
    if (output) expect(output.names).toEqual(['-o', '--output']);
  });

  it('says every option and argument', () => {
    for (const { summary } of [...leaf.options, ...leaf.arguments]) expect(summary.length).toBeGreaterThan(3);
  });

  it('refuses an option that there is not with 64', async () => {
    const { code, stdout, stderr } = await runWith(parts, [...leaf.words, '--no-such-option']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    // What is missing is said first.
    expect(stderr).toMatch(/^error: (?:unknown option '--no-such-option'|required option|missing required argument)/);
  });
});

it('the exceptions are commands', () => {
  expect(Object.keys(WITHOUT_OUTPUT).filter((name) => !leaves.some(({ words }) => words.join(' ') === name))).toEqual(
    [],
  );
});

describe('colours', () => {
  const config = written('{ sinks: [{ type: stdout }], ops: { listen: "off" } }');
  const other = written('{ sinks: [{ type: stdout }], ops: { listen: "off" }, collector: { interval: 5s } }');
  const seen = async (
    words: readonly string[],
    isTTY: boolean,
    env: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const stdout = Object.assign(collected(), { isTTY });
    await runWith(parts, words, { stdout: stdout as Output, env });
    return stdout.text;
  };

  it.each([
    ['check', ['check', '--no-connect', '-c', config]],
    ['doctor', ['doctor', '-c', config]],
    ['config diff', ['config', 'diff', config, other]],
  ])('of %s are on a terminal only, and not with NO_COLOR', async (_, words) => {
    expect(await seen(words, true, {})).toContain('\u001b[');
    expect(await seen(words, false, {})).not.toContain('\u001b');
    expect(await seen(words, true, { NO_COLOR: '1' })).not.toContain('\u001b');
    expect(await seen(words, true, { TERM: 'dumb' })).not.toContain('\u001b');
    expect(await seen(['--color', 'never', ...words], true, {})).not.toContain('\u001b');
    expect(await seen(['--color', 'always', ...words], false, { NO_COLOR: '1' })).toContain('\u001b[');
  });
});
