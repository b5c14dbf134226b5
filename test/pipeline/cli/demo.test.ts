import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';

const MAIN = new URL('../../../dist/pipeline/cli/main.js', import.meta.url).pathname;

it('ends at once when a second signal comes, with the code of that', async () => {
  const demo = spawn(process.execPath, [MAIN, 'demo', '--instances', '2', '--hosts', '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void demo.kill('SIGKILL'));
  demo.stderr.on('data', (text: Buffer) => {
    if (!text.includes('broker ')) return;
    demo.kill('SIGINT');
    demo.kill('SIGTERM');
  });
  expect(await once(demo, 'exit')).toEqual([143, null]);
}, 60_000);
