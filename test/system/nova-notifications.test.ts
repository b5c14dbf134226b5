import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { notify, novaExchange } from '../connectors/nova/a-nova.ts';
import { type Sample as Notification, sample, stamped, withPayload } from '../connectors/nova/samples.ts';
import { openRabbit, type Rabbit } from '../pipeline/sinks/amqp/a-rabbit.ts';
import { available } from '../services/service.ts';
import { ready, startProgram } from './child.ts';

interface Sample {
  readonly counter_name: string;
  readonly counter_volume: number;
  readonly resource_id: string;
  readonly project_id: string | null;
  readonly window_end: string;
  readonly resource_metadata: Readonly<Record<string, unknown>>;
}

const now = () => new Date().toISOString().replace('T', ' ').replace('Z', '000');

describe.skipIf(!(await available('rabbit')))('a fleet of which nova tells [rabbit]', () => {
  let rabbit: Rabbit;
  beforeAll(async () => {
    rabbit = await openRabbit();
    await novaExchange(rabbit);
  });
  afterAll(() => rabbit.remove());

  const tell = (notification: Notification['notification'], members: Readonly<Record<string, unknown>>) =>
    notify(rabbit, stamped(withPayload(notification, members), { timestamp: now() }));

  it('has the names and projects that nova gave, at once and from then on, and counts nothing otherwise', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypermeter-nova-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'meters.jsonl');
    const file = join(folder, 'hypermeter.yaml');
    const config = {
      // The simulator repeats what it has to say of its VMs, so that one sees whose word stays.
      collector: { interval: '1s', linger: '50ms', identityEvery: '2s' },
      connectors: [
        { name: 'sim', type: 'simulator', hosts: 1, instances: 3, seed: 7, faults: 'none' },
        { name: 'cloud', type: 'nova', url: rabbit.url },
      ],
      pipeline: { windows: [{ size: '5s', grace: '5s' }], reorder: '1s' },
      state: { type: 'memory' },
      sinks: [{ type: 'file', path }],
      ops: { listen: '127.0.0.1:0' },
    };
    writeFileSync(file, JSON.stringify(config));

    const checked = startProgram(['check', '-c', file]);
    expect(await checked.exit).toEqual({ code: 0, signal: null });
    expect(checked.stdout()).toMatch(/nova cloud: exchange nova, queue hypermeter\.nova\.cloud: 0 waiting, 0 reading/);

    const child = startProgram(['run', '-c', file]);
    await ready(child);
    const samples = (): readonly Sample[] =>
      existsSync(path)
        ? readFileSync(path, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line))
        : [];
    const cpus = () => samples().filter(({ counter_name }) => counter_name === 'cpu');
    const patience = { timeout: 60_000, interval: 250, message: child.stderr() };
    await expect.poll(() => new Set(cpus().map(({ resource_id }) => resource_id)).size, patience).toBe(3);

    const uuid = cpus()[0]?.resource_id as string;
    const identity = { uuid, display_name: 'named by nova', tenant_id: 'project-of-nova', metadata: { role: 'web' } };
    tell(sample('versioned/instance-create-end'), identity);
    const named = () => cpus().filter((each) => each.project_id === 'project-of-nova');
    await expect.poll(() => named().length, patience).toBeGreaterThan(0);
    const [first] = named();
    expect(first?.resource_id).toBe(uuid);
    expect(first?.resource_metadata).toMatchObject({ display_name: 'named by nova' });

    // The simulator goes on telling its own; nova's word stays above it.
    const since = first?.window_end ?? '';
    const later = () => cpus().filter((each) => each.resource_id === uuid && each.window_end > since);
    await expect.poll(() => later().length, patience).toBeGreaterThan(2);
    expect(new Set(later().map(({ project_id }) => project_id))).toEqual(new Set(['project-of-nova']));
    // Nova names no host that it knows better than who polls it, and no other VM became anything else.
    const others = cpus().filter((each) => each.resource_id !== uuid);
    expect(others.some(({ project_id }) => project_id === 'project-of-nova')).toBe(false);

    tell(sample('versioned/instance-update'), { ...identity, display_name: 'renamed' });
    await expect
      .poll(() => later().some((each) => each.resource_metadata.display_name === 'renamed'), patience)
      .toBe(true);
    // The counters never began anew.
    const volumes = cpus().flatMap((each) => (each.resource_id === uuid ? [each.counter_volume] : []));
    expect(volumes).toEqual([...volumes].sort((a, b) => a - b));

    child.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
    expect((await rabbit.channel.checkQueue('hypermeter.nova.cloud')).messageCount).toBe(0);
  });
});
