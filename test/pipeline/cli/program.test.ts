import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Output } from '../../../pipeline/cli/terminal.ts';
import { run } from './test-parts.ts';

const COMMANDS = [
  [],
  ['version'],
  ['poll'],
  ['capture'],
  ['listen'],
  ['listen', 'udp'],
  ['config'],
  ['config', 'init'],
  ['config', 'print'],
  ['config', 'schema'],
];

describe('the command line', () => {
  it.each(COMMANDS.map((words) => [words]))('%j has help with real examples', async (words) => {
    const { code, stdout, stderr } = await run([...words, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const leaf = !['listen', 'config'].includes(words.join(' '));
    if (leaf) expect(stdout.match(/^ {2}.*hypermeter .*$/gm)?.length).toBeGreaterThanOrEqual(2);
    expect(stdout).toContain('Usage: hypermeter');
  });

  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['poll', '--nope'], "unknown option '--nope'"],
    [['pol'], 'Did you mean poll?'],
    [['poll', 'test://a', '--count', '0'], 'expected a whole number above zero'],
    [['demo', '--hosts', '1001'], 'expected 1000 at most'],
    [['demo', '--instances', '100001'], 'expected 100000 at most'],
    [['check', '--timeout', '30d'], 'expected 1d at most'],
    [['poll', 'test://a', '--timeout', '10'], 'expected a duration such as 30s'],
    [['poll', 'test://a', '-o', 'xml'], 'Allowed choices are table, json'],
    [['listen', 'udp', '--port', '65536'], 'expected 0 to 65535'],
    [['listen', 'udp', '--secret-file', '/nowhere'], 'ENOENT'],
    [[], 'Usage: hypermeter'],
  ])('%j is a usage fault: 64 and nothing on stdout', async (words, told) => {
    const { code, stdout, stderr } = await run(words);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain(told);
  });

  it('ends quietly when the reader of its output goes', async () => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    stdout.on('error', () => undefined);
    const { code, stderr } = await run(['version'], { stdout: stdout as Output });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('shows a bug as what it is', async () => {
    const { code, stderr } = await run(['poll', 'test://buggy']);
    expect(code).toBe(70);
    expect(stderr).toMatch(/^internal error: TypeError: undefined is not a function\n {4}at /);
  });
});

describe('version', () => {
  it.each(['--version', '-V'])('%s is a line', async (word) => {
    expect(await run([word])).toMatchObject({ code: 0, stdout: 'hypermeter 1.2.3\n', stderr: '' });
  });

  it('is text, or one JSON object', async () => {
    expect((await run(['version'])).stdout).toBe(
      `hypermeter 1.2.3\nnode ${process.version}\nlibrdkafka 2.12.0 (ssl, zstd)\n`,
    );
    expect(JSON.parse((await run(['version', '--json'])).stdout)).toEqual({
      hypermeter: '1.2.3',
      node: process.version,
      librdkafka: { version: '2.12.0', features: ['ssl', 'zstd'] },
    });
  });
});
