import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { FleetRow, Overview, VmHistory, VmList } from '../../pipeline/page/model.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { type Child, opsPort, ready, startProgram } from './child.ts';

const folder = mkdtempSync(join(tmpdir(), 'hypermeter-page-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a configuration with this Kafka and resolves with its path. */
function configOf(name: string, kafka: object): string {
  const path = join(folder, `${name}.yaml`);
  const config = {
    kafka,
    collector: { interval: '1s' },
    connectors: [{ name: 'sim', type: 'simulator', hosts: 3, instances: 20, faults: 'none' }],
    pipeline: { windows: [{ size: '2s' }], reorder: '1s' },
    sinks: [{ type: 'udp', host: '127.0.0.1', port: 9, secret: 'hunter2' }],
    ops: { listen: '127.0.0.1:0' },
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** The first fleet and overview that a viewer is told. */
async function look(address: string): Promise<{ readonly rows: readonly FleetRow[]; readonly overview: Overview }> {
  const response = await fetch(`${address}page/events`, { signal: AbortSignal.timeout(20_000) });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (/event: overview\ndata: .*\n\n/.test(text)) break;
  }
  const told = (name: string) => JSON.parse(new RegExp(`event: ${name}\\ndata: (.*)\\n`).exec(text)?.[1] ?? '');
  return { rows: told('fleet').changed, overview: told('overview') };
}

const addressOf = (child: Child): string => `http://127.0.0.1:${opsPort(child)}/`;

describe('the status page of the program', () => {
  it('is named at the end of the demo’s first screen, and shows what the demo does', async () => {
    const demo = startProgram(['demo', '--for', '60s', '--log-level', 'info']);
    await expect.poll(() => demo.stderr(), { timeout: 30_000 }).toMatch(/status page http:\/\/127\.0\.0\.1:\d+\/\n/);
    const address = /status page (http:\S+)/.exec(demo.stderr())?.[1] ?? '';
    const page = await fetch(address);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const asked = async <T>(path: string): Promise<T> => (await fetch(address + path)).json() as Promise<T>;
    const list = (): Promise<VmList> => asked('page/vms?order=cpu');
    await expect.poll(async () => (await list()).rows[0]?.cpu ?? null, { timeout: 30_000 }).not.toBeNull();
    // The partitions' first windows come one after the other.
    await expect.poll(async () => (await list()).known, { timeout: 30_000 }).toBe(50);
    const { rows } = await list();
    const history = await asked<VmHistory>(`page/vm?id=${rows[0]?.id}`);
    expect(history).toMatchObject({ sizeMs: 5000, host: expect.stringMatching(/^demo-host-/) });
    expect(history.series.map(({ meter }) => meter)).toContain('network.incoming.bytes.rate');
    const { overview } = await look(address);
    expect(overview).toMatchObject({ role: 'demo', ready: true, fleet: { endpoints: 4 } });
    expect(overview.pipeline?.windows[0]?.latest[0]?.coverage).toBeGreaterThan(0);
    expect(overview.sinks).toMatchObject([{ name: 'demo', state: 'ok', published: expect.toSatisfy((n) => n > 0) }]);
    demo.kill('SIGINT');
    expect(await demo.exit).toMatchObject({ code: 0 });
  });

  it('is there in `run`, with no secret, and a viewer does not hold up the end', async () => {
    const child = startProgram(['run', '-c', configOf('run', { brokers: 'embedded' })]);
    await ready(child);
    await expect.poll(async () => (await look(addressOf(child))).rows.length, { timeout: 20_000 }).toBe(3);
    const { overview } = await look(addressOf(child));
    expect(overview).toMatchObject({ role: 'run', fleet: { endpoints: 3 }, sinks: [{ name: 'udp://127.0.0.1:9' }] });
    const printed = await (await fetch(`${addressOf(child)}page/config`)).text();
    expect(printed).toContain('secret: "***"');
    expect(printed).not.toContain('hunter2');
    // Whoever wants to read there cannot know the port.
    expect(child.stderr() + child.stdout()).toMatch(/others read there by --set 'kafka\.brokers=\[127\.0\.0\.1:\d+\]'/);
    const viewer = await fetch(`${addressOf(child)}page/events`);
    child.kill('SIGTERM');
    expect(await child.exit).toEqual({ code: 0, signal: null });
    await viewer.body?.cancel().catch(() => undefined);
  });

  it('is not there where it is switched off', async () => {
    const child = startProgram(['run', '-c', configOf('off', { brokers: 'embedded' }), '--set', 'ops.page=false']);
    await ready(child);
    expect((await fetch(`${addressOf(child)}page/config`)).status).toBe(404);
    expect(await (await fetch(addressOf(child))).text()).toContain('/metrics');
  });
});

describe.skipIf(!(await available('kafka')))('the status pages of two roles [kafka]', () => {
  it('show what is polled, and what is heard of it', async () => {
    const name = unique('page');
    const topics = { raw: name, deadLetters: `${name}.dead` };
    const config = configOf('roles', { brokers: ['127.0.0.1:19092'], topics, group: name });
    const [collector, pipeline] = ['collect', 'pipeline'].map((role) => startProgram([role, '-c', config]));
    for (const [child, state, isMetering] of [
      [collector, 'up', false],
      [pipeline, 'heard', true],
    ] as const) {
      if (!child) throw new Error('it was not started');
      await ready(child);
      const states = async () => (await look(addressOf(child))).rows.map((row) => row.state);
      await expect.poll(states, { timeout: 30_000 }).toEqual([state, state, state]);
      const { overview } = await look(addressOf(child));
      expect([overview.pipeline !== null, overview.sinks.length]).toEqual([isMetering, isMetering ? 1 : 0]);
    }
  });
});
