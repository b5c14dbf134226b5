import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';

const MAIN = new URL('../../../dist/pipeline/cli/main.js', import.meta.url).pathname;

/** Of two signals that wait for a process, the kernel does not keep the order. */
const CODES = [130, 143];

it('ends at once when a second signal comes, with the code of a signal', async () => {
  const demo = spawn(process.execPath, [MAIN, 'demo', '--instances', '2', '--hosts', '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void demo.kill('SIGKILL'));
  demo.stderr.on('data', (text: Buffer) => {
    if (!text.includes('broker ')) return;
    demo.kill('SIGINT');
    demo.kill('SIGTERM');
  });
  const [code, signal] = (await once(demo, 'exit')) as [number | null, string | null];
  expect(signal).toBeNull();
  expect(CODES).toContain(code);
}, 60_000);
