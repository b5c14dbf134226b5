import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { available } from '../services/service.ts';

const STORM = fileURLToPath(new URL('../../dist/test/chaos/storm.js', import.meta.url));
const SECONDS = Number(process.env.HYPERMETER_STORM_SECONDS ?? 120);
const SEED = process.env.HYPERMETER_STORM_SEED ?? '4';

describe.skipIf(!(await available('kafka')) || !(await available('redis')))('a storm [kafka] [redis]', () => {
  it('of kills, freezes, flushes, restarts and rebalances costs no sample', {
    timeout: (SECONDS + 300) * 1000,
  }, async () => {
    const child = spawn(process.execPath, [STORM, '--seed', SEED, '--seconds', String(SECONDS)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGTERM'));
    let out = '';
    let log = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    process.stdout.write(out);
    expect(out, log).not.toBe('');
    const figures = JSON.parse(out);
    expect(figures, log).toMatchObject({
      residual: 0,
      lost: 0,
      wrong: 0,
      unexpected: 0,
      unequal_duplicates: 0,
      unclean: [],
    });
    expect(figures.expected).toBeGreaterThan(1000);
    expect(code, log).toBe(0);
  });
});
