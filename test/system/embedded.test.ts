import { spawn } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parts } from '../../pipeline/cli/composition.ts';
import { createProgram } from '../../pipeline/cli/program.ts';
import { runWith } from '../pipeline/cli/test-parts.ts';
import { collected } from '../pipeline/runtime/collected.ts';
import { MAIN, startProgram } from './child.ts';

/** A line of the program's that only a thrown error's stack has. */
const STACK = /\n\s+at /;

const fieldsOf = {
  counter_name: expect.any(String),
  counter_type: expect.stringMatching(/^(cumulative|delta|gauge)$/),
  counter_unit: expect.any(String),
  counter_volume: expect.any(Number),
  resource_id: expect.any(String),
  timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
  resource_metadata: expect.objectContaining({ instance_id: expect.any(String) }),
  project_id: expect.any(String),
  user_id: expect.any(String),
  source: 'openstack',
  message_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  window_start: expect.stringMatching(/^\d{4}-/),
  window_end: expect.stringMatching(/^\d{4}-/),
  quality: expect.stringMatching(/^(measured|interpolated|estimated|lower_bound)$/),
  flags: expect.any(Array),
};

/** No host is anybody's. */
const fieldsOfHost = {
  ...fieldsOf,
  resource_metadata: { host_id: expect.any(String), host: expect.any(String) },
  project_id: null,
  user_id: null,
};

describe('the demo, with nothing but the program', () => {
  it('finishes windows within seconds and gives every sample all of its fields', async () => {
    const started = performance.now();
    const demo = startProgram(['demo', '--for', '20s', '-o', 'json']);
    await expect.poll(() => demo.stdout(), { timeout: 15_000, interval: 100 }).toContain('\n');
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(await demo.exit).toEqual({ code: 0, signal: null });

    const samples = demo
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const sample of samples) {
      expect(sample).toMatchObject(sample.counter_name.startsWith('compute.node.') ? fieldsOfHost : fieldsOf);
      expect(sample.coverage === null || (sample.coverage >= 0 && sample.coverage <= 1)).toBe(true);
      expect(sample.counter_volume).toBeGreaterThanOrEqual(0);
    }
    expect(new Set(samples.map(({ message_id }) => message_id)).size).toBe(samples.length);
    expect(new Set(samples.map(({ window_start }) => window_start)).size).toBeGreaterThanOrEqual(2);
    const names = new Set(samples.map(({ counter_name }) => counter_name));
    for (const name of [
      'cpu',
      'cpu.delta',
      'cpu_util',
      'memory',
      'disk.device.read.bytes.rate',
      'network.incoming.bytes',
      'compute.node.instances.running',
    ])
      expect(names).toContain(name);
    expect(demo.stderr()).toMatch(/polls \d+ .* samples [\d,]+/);
    expect(demo.stderr()).not.toMatch(STACK);
  }, 60_000);

  it('shows tables to people and ends on an interrupt, with its totals', async () => {
    const demo = startProgram(['demo', '--instances', '8']);
    await expect
      .poll(() => demo.stdout(), { timeout: 30_000, interval: 100 })
      .toMatch(/Window .* UTC: [4-8] instances/);
    expect(demo.stdout()).toMatch(/^INSTANCE +HOST +VCPUS +CPU % /m);
    expect(demo.stdout()).toMatch(/^\S+-\d+ +demo-host-\d +\d/m);
    const before = demo.stderr().length;
    // As npm does: it passes on what the terminal has sent already.
    demo.kill('SIGINT');
    await setTimeout(20);
    demo.kill('SIGINT');
    expect(await demo.exit).toEqual({ code: 0, signal: null });
    const told = demo.stderr().slice(before);
    expect(told).toMatch(/polls \d+ .*\n\nNext: /s);
    expect(told).not.toMatch(STACK);
  }, 60_000);

  it('ends quietly when its reader has seen enough', async () => {
    const script = `"$0" "$1" demo -o json | head -n 3; exit "\${PIPESTATUS[0]}"`;
    const shell = spawn('bash', ['-c', script, process.execPath, MAIN], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    shell.stdout.on('data', (text) => (stdout += text));
    shell.stderr.on('data', (text) => (stderr += text));
    const code = await new Promise((resolve) => shell.once('close', resolve));
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(3);
    expect(stderr).not.toMatch(STACK);
    expect(stderr).not.toMatch(/EPIPE/);
  }, 60_000);
});

describe('the command line as installed', () => {
  const terminal = { stdout: collected(), stderr: collected(), env: {}, signals: process, exit: () => undefined };
  const wordsOf = (command: Command, before: readonly string[] = []): (readonly string[])[] => [
    before,
    ...command.commands.flatMap((sub) => wordsOf(sub, [...before, sub.name()])),
  ];

  it.each(wordsOf(createProgram(parts, terminal)).map((words) => [words.join(' ') || '(none)', words]))(
    'shows examples in the help of: %s',
    async (_name, words) => {
      const { code, stdout } = await runWith(parts, [...words, '--help']);
      expect(code).toBe(0);
      const examples = stdout.slice(stdout.indexOf('\nExamples:\n'));
      expect(examples.match(new RegExp(`^  hypermeter ${words.join(' ')}`, 'gm'))?.length).toBeGreaterThan(0);
    },
  );

  it('tells its versions to programs', async () => {
    const version = startProgram(['version', '--json']);
    expect(await version.exit).toEqual({ code: 0, signal: null });
    expect(JSON.parse(version.stdout())).toMatchObject({
      hypermeter: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      node: process.version,
      librdkafka: { version: expect.stringMatching(/^\d+\./) },
    });
    expect(version.stderr()).toBe('');
  });
});
