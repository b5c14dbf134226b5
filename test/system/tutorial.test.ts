import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROOT, readPage } from '../docs/markdown.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { MAIN } from './child.ts';

/** The shell of a reader who types all of it, with a program that is installed already. */
function script(folder: string): string {
  const lines = readPage('docs/tutorial.md').blocks.flatMap(({ lines }) => lines.map(({ text }) => text));
  // A reader is slower than a script: what is started in the background has begun before the next line is typed.
  const typed = lines
    .filter((line) => !line.startsWith('npm ci'))
    .map((line) => (line.endsWith('&') ? `${line}\nsleep 5` : line))
    .join('\n');
  // Another run of the tutorial on the same brokers would find its topics and positions there.
  const own = unique('tutorial');
  const renamed = typed
    .replaceAll(/(raw|deadLetters): tutorial/g, `$1: ${own}`)
    .replace('group: tutorial', `group: ${own}`);
  return [
    'set -em',
    "trap 'for job in $(jobs -p); do kill -9 $job; done' EXIT",
    `npx() { shift; command node ${MAIN} "$@"; }`,
    `cd ${folder}`,
    renamed,
  ].join('\n');
}

const there = (await available('kafka')) && (await available('libvirt'));

describe.skipIf(!there)('the tutorial [kafka] [libvirt]', () => {
  it('comes out as it says', { timeout: 240_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypermeter-tutorial.'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    symlinkSync(join(ROOT, 'docs'), join(folder, 'docs'));
    writeFileSync(join(folder, 'tutorial.sh'), script(folder));

    const shell = spawn('bash', [join(folder, 'tutorial.sh')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // The operators' port may be taken on this machine.
      env: { ...process.env, HYPERMETER__OPS__LISTEN: '127.0.0.1:0' },
    });
    onTestFinished(() => void shell.kill());
    let said = '';
    for (const output of [shell.stdout, shell.stderr]) output.setEncoding('utf8').on('data', (text) => (said += text));
    const [code] = await once(shell, 'close');

    expect(code, `${said}\n${readFileSync(join(folder, 'run.log'), 'utf8').slice(-2000)}`).toBe(0);
    expect(said).toMatch(/cpu_util/);
    expect(said).toMatch(/residual\s+0\b/);
    expect(said).toMatch(/project\tresource\tsum\twindows/);
  });
});
