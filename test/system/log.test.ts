import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Child, metricsOf, ready, startProgram } from './child.ts';

/** What the program has logged when it has polled a fleet of so many VMs for some seconds and stopped. */
async function logOf(instances: number, ...words: readonly string[]): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'hypermeter-log-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'hypermeter.yaml');
  const config = {
    collector: { interval: '1s' },
    connectors: [{ name: 'sim', type: 'simulator', hosts: 2, instances, faults: 'none' }],
    pipeline: { windows: [{ size: '1s', grace: '1s' }], reorder: '1s' },
    sinks: [{ type: 'file', name: 'out', path: join(directory, 'meters.jsonl') }],
    ops: { listen: '127.0.0.1:0' },
  };
  await writeFile(file, JSON.stringify(config));
  const program = startProgram(['run', '-c', file, ...words]);
  await ready(program);
  await expect.poll(() => samples(program), { timeout: 30_000 }).toBeGreaterThan(50 * instances);
  program.kill('SIGTERM');
  expect((await program.exit).code, program.stderr()).toBe(0);
  const lines = program.stderr().trimEnd().split('\n');
  // What the configuration is warned of comes before the log begins.
  return lines.slice(lines.findIndex((line) => /^[{[]/.test(line)));
}

/** Every poll, message, window and reading has been counted. */
const samples = async (program: Child): Promise<number> =>
  [...(await metricsOf(program))].reduce(
    (sum, [name, value]) => sum + (/^hypermeter_samples_published_total\{/.test(name) ? value : 0),
    0,
  );

test('the log has a line for an event and none for a reading, as JSON', async () => {
  const lines = await logOf(300, '--log-format', 'json');
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({
      level: expect.stringMatching(/^(debug|info|warn)$/),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      msg: expect.stringMatching(/./),
    });
  expect(lines.length).toBeLessThan(30);
});

test('and as text, although it is no terminal', async () => {
  const lines = await logOf(3, '--log-format', 'pretty');
  for (const line of lines) expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d+\] (DEBUG|INFO|WARN): \S/);
  expect(lines.length).toBeLessThan(30);
});
