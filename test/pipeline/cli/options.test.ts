import { EventEmitter } from 'node:events';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addGlobalOptions, type GlobalOptions, logOptions } from '../../../pipeline/cli/options.ts';
import { colored, type Output } from '../../../pipeline/cli/terminal.ts';
import { collected } from '../runtime/collected.ts';

const terminal = {
  stdout: collected(),
  stderr: collected(),
  env: {},
  signals: new EventEmitter(),
  exit: () => undefined,
};

describe('the log level', () => {
  it.each([
    [[], 'info', 'info'],
    [['-v'], 'info', 'debug'],
    [['-vv'], 'info', 'trace'],
    [['-vvvv'], 'info', 'trace'],
    [['-q'], 'info', 'warn'],
    [['-qq'], 'info', 'error'],
    [['-qqqq'], 'info', 'error'],
    [['-q', '-v'], 'info', 'info'],
    [['-v'], 'warn', 'info'],
    [[], 'silent', 'silent'],
    [['--log-level', 'silent'], 'info', 'silent'],
    [['--log-level', 'error', '-vv'], 'info', 'error'],
  ] as const)('%j over %s is %s', (words, configured, level) => {
    const program = addGlobalOptions(new Command()).parse([...words], { from: 'user' });
    expect(logOptions(program.opts<GlobalOptions>(), configured, terminal).level).toBe(level);
  });
});

describe('colour', () => {
  const tty = Object.assign(collected(), { isTTY: true }) as Output;
  it.each([
    ['auto', tty, {}, true],
    ['auto', tty, { NO_COLOR: '1' }, false],
    ['auto', tty, { NO_COLOR: '' }, true],
    ['auto', tty, { TERM: 'dumb' }, false],
    ['auto', collected(), {}, false],
    ['always', collected(), { NO_COLOR: '1' }, true],
    ['never', tty, {}, false],
  ] as const)('%s', (choice, output, env, expected) => {
    expect(colored(choice, output, env)).toBe(expected);
  });
});
