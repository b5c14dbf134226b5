import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addGlobalOptions, type GlobalOptions, logOptions } from '../../../pipeline/cli/options.ts';
import { colored, type Output } from '../../../pipeline/cli/terminal.ts';
import { collected } from '../runtime/collected.ts';
import { aTerminal } from './a-terminal.ts';

const terminal = aTerminal();

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
    const service = { id: 'x', logLevel: configured, logFormat: 'auto' as const };
    expect(logOptions(program.opts<GlobalOptions>(), service, terminal).level).toBe(level);
  });
});

describe('the log format', () => {
  it.each([
    [[], 'auto', false, false],
    [[], 'auto', true, true],
    [[], 'json', true, false],
    [[], 'pretty', false, true],
    [['--log-format', 'json'], 'pretty', true, false],
    [['--log-format', 'pretty'], 'json', false, true],
    [['--log-format', 'auto'], 'json', true, true],
  ] as const)('%j over %s, on a terminal: %s, is pretty: %s', (words, logFormat, isTTY, pretty) => {
    const program = addGlobalOptions(new Command()).parse([...words], { from: 'user' });
    const service = { id: 'x', logLevel: 'info' as const, logFormat };
    const stderr = Object.assign(collected(), { isTTY });
    expect(logOptions(program.opts<GlobalOptions>(), service, { ...terminal, stderr }).pretty).toBe(pretty);
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
