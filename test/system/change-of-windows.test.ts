import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRig, type Rig } from '../chaos/rig.ts';
import { unique } from '../pipeline/kafka/fixtures.ts';
import { available } from '../services/service.ts';
import { startProgram } from './child.ts';

const hasServices = (await available('kafka')) && (await available('redis'));

/** The configuration names another window size from now on. */
function resize({ config }: Rig, size: string): void {
  const settings = JSON.parse(readFileSync(config, 'utf8'));
  settings.pipeline.windows = [{ size }];
  settings.sinks[0].windows = [size];
  writeFileSync(config, JSON.stringify(settings));
}

interface Window {
  readonly window_start: string;
  readonly window_end: string;
}

/** How many windows of a size, in seconds, were published. */
const published = (rig: Rig, size: number): number =>
  rig.lines().filter((line) => {
    const { window_start, window_end }: Window = JSON.parse(line);
    return Date.parse(window_end) - Date.parse(window_start) === size * 1000;
  }).length;

interface Told {
  readonly partition: number;
  readonly size: number;
  readonly change: string;
  readonly at: string;
}

/** The changes that a pipeline's log states. */
const told = (log: string): readonly Told[] =>
  log
    .split('\n')
    .filter((line) => line.includes('"event":"state.window"'))
    .map((line) => JSON.parse(line))
    .map(({ partition, size, change, at }: Told) => ({ partition, size, change, at }));

describe.skipIf(!hasServices)('a window size that is changed [kafka] [redis]', () => {
  it('and back again, through a crash, loses nothing and doubles nothing; the audit finds the bounds', {
    timeout: 240_000,
  }, async ({ annotate }) => {
    const state = { type: 'redis', url: 'redis://127.0.0.1:16379', prefix: unique('windows'), every: '200ms' };
    const rig = createRig('127.0.0.1:19092', { state });
    resize(rig, '3s');
    await rig.start('collect');
    const first = await rig.start('pipeline');
    await rig.windowsMore(2);
    first.kill('SIGTERM');
    expect(await first.exit, first.stderr()).toEqual({ code: 0, signal: null });

    resize(rig, '6s');
    const second = await rig.start('pipeline');
    await expect.poll(() => published(rig, 6), { timeout: 60_000 }).toBeGreaterThan(0);
    second.kill('SIGKILL');
    await second.exit;
    const third = await rig.start('pipeline');
    await rig.windowsMore(3);
    const changes = told(second.stderr());
    // Where the first one had not checkpointed yet, the next one finds the same bound.
    expect(changes).toEqual(expect.arrayContaining([...told(third.stderr())]));
    expect(changes.map(({ size, change }) => [size, change])).toEqual(
      expect.arrayContaining([
        [6_000_000, 'added'],
        [3_000_000, 'dropped'],
      ]),
    );
    for (const { at } of changes) expect(Date.parse(at) % 6000).toBe(0);
    third.kill('SIGTERM');
    expect(await third.exit, third.stderr()).toEqual({ code: 0, signal: null });

    resize(rig, '3s');
    const fourth = await rig.start('pipeline');
    await rig.windowsMore(3);
    fourth.kill('SIGTERM');
    expect(await fourth.exit, fourth.stderr()).toEqual({ code: 0, signal: null });
    expect(told(fourth.stderr()).some(({ size, change }) => size === 3_000_000 && change === 'added')).toBe(true);

    const audit = startProgram(['audit', '-c', rig.config, '--published', rig.path, '-o', 'json']);
    const { code } = await audit.exit;
    const report = JSON.parse(audit.stdout());
    expect(report).toMatchObject({ residual: 0, lost: 0, wrong: 0, unexpected: 0, unequal_duplicates: 0 });
    expect(code).toBe(0);
    expect(report.expected).toBe(new Set(rig.lines()).size);
    expect(new Set(report.window_changes.map(({ window }: { window: string }) => window))).toEqual(
      new Set(['3s', '6s']),
    );
    expect(report.meters.map(({ window }: { window: string }) => window)).toEqual(['3s', '3s', '3s']);
    await annotate(`${published(rig, 3)} windows of 3 s, ${published(rig, 6)} of 6 s, residual ${report.residual}`);
  });
});
