import { describe, expect, it } from 'vitest';
import { written } from '../pipeline/runtime/config/fleet.ts';
import { metricsOf, ready, startProgram } from './child.ts';

const FLEET = `
kafka: { brokers: embedded }
collector: { interval: 1s, linger: 50ms }
connectors: [{ name: sim, type: simulator, hosts: 3, instances: 20, faults: none }]
pipeline: { windows: [{ size: 10s }] }
sinks: [{ type: file, path: /dev/null }]
inventory: { topic: hypermeter.inventory }
ops: { listen: 127.0.0.1:0 }
`;

const inventory = async (...words: readonly string[]) => {
  const child = startProgram(['inventory', ...words]);
  const { code } = await child.exit;
  return { code, stdout: child.stdout(), stderr: child.stderr() };
};

describe('the inventory, with nothing but the program', () => {
  it('is read from the broker of a demo that runs', async () => {
    const demo = startProgram(['demo', '--instances', '12']);
    await expect.poll(() => demo.stderr(), { timeout: 20_000 }).toMatch(/broker [\d.:]+/);
    const broker = /broker ([\d.:]+)/.exec(demo.stderr())?.[1] as string;
    await expect
      .poll(async () => (await inventory('--set', `kafka.brokers=[${broker}]`)).stdout, {
        timeout: 30_000,
        interval: 500,
      })
      .toMatch(/^12 instances \(\d+ running\), 4 hosts, 4 endpoints$/m);
    demo.kill('SIGINT');
    await demo.exit;
  }, 60_000);

  it('is kept by run, and does not keep it from stopping', async () => {
    const program = startProgram(['run', '-c', written(FLEET)]);
    await ready(program);
    const entries = async () =>
      [...(await metricsOf(program))].reduce(
        (sum, [name, value]) => (name.startsWith('hypermeter_inventory_entries{') ? sum + value : sum),
        0,
      );
    await expect.poll(entries, { timeout: 30_000, interval: 500 }).toBe(23);
    await expect
      .poll(async () => (await metricsOf(program)).get('hypermeter_inventory_writes_total{why="changed"}'), {
        timeout: 20_000,
        interval: 500,
      })
      .toBeGreaterThanOrEqual(23);
    program.kill('SIGTERM');
    expect(await program.exit).toEqual({ code: 0, signal: null });
  }, 90_000);

  it('is asked of the hypervisors without Kafka', async () => {
    const { code, stdout, stderr } = await inventory('--direct', '-c', written(FLEET), '-o', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const kinds = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
    expect(kinds.filter((kind) => kind === 'host')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'instance')).toHaveLength(20);
  }, 30_000);

  it('ends on an interrupt while it follows', async () => {
    const demo = startProgram(['demo', '--instances', '4']);
    await expect.poll(() => demo.stderr(), { timeout: 20_000 }).toMatch(/broker [\d.:]+/);
    const broker = /broker ([\d.:]+)/.exec(demo.stderr())?.[1] as string;
    await expect.poll(() => demo.stdout(), { timeout: 20_000 }).not.toBe('');
    const follower = startProgram(['inventory', '--set', `kafka.brokers=[${broker}]`, '--follow']);
    await expect.poll(() => follower.stdout(), { timeout: 20_000 }).toMatch(/endpoints/);
    follower.kill('SIGINT');
    expect(await follower.exit).toEqual({ code: 0, signal: null });
  }, 60_000);
});
