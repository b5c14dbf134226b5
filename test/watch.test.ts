import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const CONFIG = fileURLToPath(new URL('watched/vitest.config.ts', import.meta.url));

/** Runs the two watched files. `longestS`: after how much silence a file is ended, seconds. */
function runWatched(longestS: number) {
  const others = Object.entries(process.env).filter(([name]) => !/^VITEST/.test(name));
  const run = spawn(process.execPath, [VITEST, 'run', '--config', CONFIG], {
    env: { ...Object.fromEntries(others), HYPERMETER_TEST_LONGEST_S: `${longestS}` },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(run, 'close');
  onTestFinished(() => {
    try {
      process.kill(-(run.pid as number), 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  });
  const said = { text: '' };
  run.stdout.on('data', (text: Buffer) => {
    said.text += text;
  });
  return { run, said, ended };
}

const lastLine = (text: string): string | undefined => text.trim().split('\n').at(-1);

it('ends a file that gives nothing back, says where it was and with what, and goes on with the others', async () => {
  const { said, ended } = runWatched(3);
  expect(await ended).toEqual([1, null]);
  expect(said.text).toMatch(
    /^FAILED \S+\/endless\.ts: nothing for \d+ s in or after waits for a program and gives nothing back$/m,
  );
  expect(said.text).toMatch(/ sleep 300$/m);
  expect(lastLine(said.text)).toBe('1 passed, 1 failed');
}, 90_000);

it('says where it was when the run is told to stop', async () => {
  const { run, said, ended } = runWatched(60);
  await expect.poll(() => said.text, { timeout: 60_000 }).toMatch(/brief\.ts.*waiting|waiting.*brief\.ts/s);
  run.kill('SIGTERM');
  await ended;
  expect(said.text).toMatch(/^FAILED \S+\/endless\.ts: stopped, nothing for \d+ s (before|in or after) /m);
  expect(lastLine(said.text)).toMatch(/^1 passed, \d failed$/);
}, 90_000);
