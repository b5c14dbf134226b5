import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const DIST = fileURLToPath(new URL('../dist/test/', import.meta.url));

const run = (file: string, ...words: string[]) =>
  spawnSync(process.execPath, [`${DIST}${file}`, ...words], { encoding: 'utf8', timeout: 30_000 });

describe.each([
  ['npm run bench --', ['bench/main.js']],
  ['npm run compare --', ['compare/main.js']],
  ['npm run chaos --', ['chaos/chaos.js']],
  ['npm run chaos -- collectors', ['chaos/chaos.js', 'collectors']],
  ['npm run chaos -- storm', ['chaos/chaos.js', 'storm']],
] as const)('%s', (name, [file, ...words]) => {
  it('has a help with examples', () => {
    const { status, stdout, stderr } = run(file, ...words, '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: ${name} `));
    expect(stdout).toMatch(/^(Examples|Trials):$/m);
  });

  it('does not begin with a word that is none', () => {
    const { status, stdout, stderr } = run(file, ...words, '--no-such-option');
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toContain(`error: unknown option '--no-such-option'\nsee: ${name} --help`);
  });
});
