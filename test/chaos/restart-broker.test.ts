import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { available } from '../services/service.ts';
import { expectBalanced } from './ledger.ts';
import { createRig } from './rig.ts';

/** A broker of this file's own, as the shared one serves others: its first port. */
const PORT = 19592;
const directory = mkdtempSync(join(tmpdir(), 'hypermeter-broker-'));
const script = fileURLToPath(new URL('../services/start-kafka.sh', import.meta.url));
const env = { ...process.env, KAFKA_DIR: directory, KAFKA_PORT: String(PORT), KAFKA_HEAP: '256m' };
const start = () => execFileSync(script, { env, stdio: 'ignore' });
const broker = (): number => Number(readFileSync(join(directory, 'pid'), 'utf8'));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const pid = broker();
  process.kill(pid, signal);
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 30_000, interval: 50 });
}

describe.skipIf(!(await available('kafka')))('a broker that goes and comes back [kafka]', () => {
  beforeAll(start);
  afterAll(async () => {
    await end('SIGKILL');
    rmSync(directory, { recursive: true });
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'by %s costs collector and pipeline nothing but time',
    {
      timeout: 180_000,
    },
    async (signal) => {
      const rig = createRig(`127.0.0.1:${PORT}`);
      const collector = await rig.start('collect');
      const pipeline = await rig.start('pipeline');
      await rig.windowsMore(1);
      await end(signal);
      start();
      await rig.windowsMore(3);
      // What was published while it went could not be committed and comes again, under the same names.
      expectBalanced(rig.lines(), rig.fleet);
      for (const child of [pipeline, collector]) {
        child.kill('SIGTERM');
        expect(await child.exit, child.stderr()).toEqual({ code: 0, signal: null });
      }
    },
  );
});
