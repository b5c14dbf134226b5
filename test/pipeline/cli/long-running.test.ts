import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../../pipeline/cli/exit.ts';
import { runLong } from '../../../pipeline/cli/long-running.ts';
import type { Program } from '../../../pipeline/runtime/runtime.ts';
import { collected } from '../runtime/collected.ts';
import { written } from '../runtime/config/fleet.ts';
import { testParts } from './test-parts.ts';

const FILE = `
connectors: [{ name: a, type: test, uri: "test://a" }]
sinks: [{ type: stdout }]
ops: { listen: off }
pipeline: { windows: [{ grace: 1s }] }
`;

function start(text: string, program: Program = { parts: [] }) {
  const stderr = collected();
  const signals = new EventEmitter();
  const exits: number[] = [];
  const ended = runLong(
    {
      role: 'run',
      schema: testParts.schema,
      options: { config: written(text), set: [], color: 'auto', quiet: 0, verbose: 0 },
      parts: testParts,
      terminal: { stdout: collected(), stderr, signals, env: {}, exit: (code) => exits.push(code) },
    },
    (config) => {
      expect(config.collector.interval).toBe(10_000_000);
      return program;
    },
  ).then(
    () => 0,
    (error: unknown) => exitCodeOf(error),
  );
  return { stderr, signals, exits, ended };
}

describe('a long-running command', () => {
  it('tells warnings, runs until a signal and ends with 0', async () => {
    const { stderr, signals, ended } = start(FILE);
    await expect.poll(() => stderr.text).toContain('"ready"');
    expect(JSON.parse(stderr.text.split('\n')[0] ?? '')).toMatchObject({
      level: 'warn',
      msg: expect.stringMatching(/^configuration: .*yaml:5:\d+: pipeline.windows\[0\].grace: is shorter than the 35 s/),
    });
    signals.emit('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('never starts with a wrong configuration: 78', async () => {
    const { stderr, ended } = start('sinks: []');
    expect(await ended).toBe(78);
    expect(stderr.text).toBe('');
  });

  it('ends with 1 when a part did not stop cleanly', async () => {
    const stop = () => Promise.reject(new Error('broken'));
    expect(await start(FILE, { parts: [{ name: 'sink', stop }], done: Promise.resolve() }).ended).toBe(1);
  });

  it.each([
    ['SIGTERM', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
  ])('is killed when after %s %s comes', async (first, second, code) => {
    let finish: () => void = () => undefined;
    const stop = () => new Promise<void>((resolve) => (finish = resolve));
    const { stderr, signals, exits, ended } = start(FILE, { parts: [{ name: 'sink', stop }] });
    await expect.poll(() => stderr.text).toContain('"ready"');
    signals.emit(first);
    signals.emit(second);
    expect(exits).toEqual([code]);
    finish();
    await ended;
  });

  it('exits with 70 on a bug', async () => {
    const { stderr, signals, exits, ended } = start(FILE);
    await expect.poll(() => stderr.text).toContain('"ready"');
    signals.emit('uncaughtException', new Error('bug'));
    expect(exits).toEqual([70]);
    signals.emit('SIGTERM');
    await ended;
  });
});
