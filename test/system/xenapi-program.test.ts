import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { metricsOf, ready, startProgram } from './child.ts';

const FAKE = fileURLToPath(new URL('../../dist/test/fakes/xenapi/main.js', import.meta.url));

/** A pool in a process of its own, of two hosts with two VMs each. */
async function startPool(port = '0'): Promise<{ readonly pool: ChildProcess; readonly port: string }> {
  const words = ['--hosts', '2', '--vms', '2', '--history', '20', '--tls', '--port', port];
  const pool = spawn(process.execPath, [FAKE, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void pool.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: pool.stdout }), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  return { pool, port: new URL(url).port };
}

/** A configuration file of the test's own. */
function written(port: string): string {
  const path = join(tmpdir(), `${unique('xenapi')}.yaml`);
  const connector = {
    name: 'pool1',
    type: 'xenapi',
    url: `https://127.0.0.1:${port}`,
    username: 'root',
    password: 'secret',
  };
  writeFileSync(
    path,
    JSON.stringify({
      service: { id: 'xenapi' },
      kafka: { brokers: 'embedded' },
      collector: { interval: '1s', linger: '20ms' },
      connectors: [{ ...connector, step: 5, tls: { verify: false } }],
      pipeline: { windows: [{ size: '10s' }], reorder: '1s' },
      meters: ['cpu.delta', 'compute.node.cpu.time.delta'],
      sinks: [{ type: 'stdout' }],
      ops: { listen: '127.0.0.1:0' },
    }),
  );
  onTestFinished(() => rmSync(path));
  return path;
}

describe('the program on a pool', () => {
  it('polls a bare address, and says what is wrong with one', async () => {
    const { port } = await startPool();
    const address = (password: string): string => `xenapi://root:${password}@127.0.0.1:${port}`;
    const polled = startProgram(['poll', `${address('secret')}?verify=false`, '-o', 'json']);
    expect(await polled.exit).toMatchObject({ code: 0 });
    expect(new Set(polled.stdout().match(/"name":\s*"guest-\d"/g)).size).toBe(4);
    expect(polled.stdout()).toMatch(/"cpuTime":\s*\d+/);
    const untrusted = startProgram(['poll', address('secret')]);
    expect(await untrusted.exit).toMatchObject({ code: 69 });
    expect(untrusted.stderr()).toMatch(/signed by nobody that is known here/);
    const wrong = startProgram(['poll', `${address('wrong-word')}?verify=false`]);
    expect((await wrong.exit).code).toBeGreaterThan(0);
    expect(wrong.stderr()).toMatch(/refuses user root/);
    for (const { stderr } of [untrusted, wrong]) expect(stderr()).not.toMatch(/secret|wrong-word|\n\s+at /);
  });

  it('meters it, and goes on by itself when it was away', { timeout: 120_000 }, async () => {
    const { pool, port } = await startPool();
    const path = written(port);
    const printed = startProgram(['config', 'print', '-c', path]);
    expect(await printed.exit).toMatchObject({ code: 0 });
    expect(printed.stdout()).toMatch(/step: 5/);
    expect(printed.stdout()).not.toContain('secret');
    const child = startProgram(['run', '-c', path]);
    await ready(child);
    await expect.poll(() => child.stdout(), { timeout: 60_000 }).toContain('compute.node.cpu.time.delta');
    expect(child.stdout()).toContain('"cpu.delta"');

    pool.kill('SIGKILL');
    await once(pool, 'exit');
    await expect.poll(() => child.stderr(), { timeout: 30_000 }).toMatch(/pool1.*cannot be followed any more/);
    await startPool(port);
    const lines = (): number => child.stdout().split('"cpu.delta"').length;
    const before = lines();
    await expect.poll(lines, { timeout: 60_000 }).toBeGreaterThan(before + 3);
    const calls = [...(await metricsOf(child))].filter(([name]) => name.includes('kind="xenapi"'));
    expect(calls.length).toBeGreaterThan(0);
    child.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect(child.stderr()).not.toMatch(/secret|\n\s+at /);
  });
});
