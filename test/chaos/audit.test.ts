import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { available } from '../services/service.ts';
import { startProgram } from '../system/child.ts';
import { createRig, type Rig } from './rig.ts';

const BROKER = '127.0.0.1:19092';

interface Report {
  readonly [figure: string]: unknown;
  readonly raw_messages: number;
  readonly expected: number;
  readonly meters: readonly { readonly movement: number; readonly published: number }[];
  readonly wrong_windows: readonly { readonly window: string; readonly differences: readonly string[] }[];
  readonly lost_windows: readonly string[];
  readonly imbalances: readonly { readonly meter: string; readonly residual: number }[];
}

const NOTHING = {
  residual: 0,
  lost: 0,
  wrong: 0,
  unexpected: 0,
  duplicates: 0,
  unequal_duplicates: 0,
  broken_lines: 0,
};

/** Audits these lines, or the sink's own file, as a user would. */
async function auditOf(rig: Rig, lines?: readonly string[]): Promise<{ code: number | null; report: Report }> {
  let file = rig.path;
  if (lines) {
    file = join(rig.directory, 'tampered.jsonl');
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  }
  const child = startProgram(['audit', '-c', rig.config, '--published', file, '-o', 'json']);
  const { code } = await child.exit;
  expect(child.stdout(), child.stderr()).not.toBe('');
  return { code, report: JSON.parse(child.stdout()) };
}

describe.skipIf(!(await available('kafka')))('an audit of a real run [kafka]', () => {
  it('finds nothing, also while it runs and after a kill, and names whatever is tampered with', {
    timeout: 240_000,
  }, async ({ annotate }) => {
    const rig = createRig(BROKER);
    await rig.start('collect');
    const first = await rig.start('pipeline');
    await rig.windowsMore(2);
    first.kill('SIGKILL');
    await first.exit;
    const second = await rig.start('pipeline');
    await rig.windowsMore(2);

    const running = await auditOf(rig);
    expect(running.report).toMatchObject({ ...NOTHING, duplicates: expect.any(Number) });
    expect(running.code).toBe(0);

    second.kill('SIGTERM');
    await second.exit;
    const whole = rig.lines();
    const { report, code } = await auditOf(rig);
    expect(report).toMatchObject({ ...NOTHING, duplicates: whole.length - new Set(whole).size });
    expect(code).toBe(0);
    expect(report.expected).toBe(new Set(whole).size);
    expect(report.meters).toHaveLength(3);
    expect(report.meters.every(({ movement, published }) => movement === published && movement > 0)).toBe(true);
    await annotate(`${report.expected} windows, ${report.raw_messages} raw messages, ${report.duplicates} duplicates`);

    const lines = [...new Set(whole)];
    const at = lines.findIndex((line) => line.includes('"counter_name":"cpu.delta"'));
    const line = lines[at] as string;
    const with_ = (...instead: readonly string[]) => lines.toSpliced(at, 1, ...instead);
    const volume = Number(/"counter_volume":(\d+)/.exec(line)?.[1]);

    const dropped = await auditOf(rig, with_());
    expect(dropped.report).toMatchObject({ ...NOTHING, residual: volume, lost: 1 });
    expect(dropped.report.lost_windows[0]).toContain('cpu.delta of');
    expect(dropped.report.imbalances).toMatchObject([{ meter: 'cpu.delta', residual: -volume }]);
    expect(dropped.code).toBe(65);

    const more = line.replace(`"counter_volume":${volume}`, `"counter_volume":${volume + 1}`);
    const changed = await auditOf(rig, with_(more));
    expect(changed.report).toMatchObject({ ...NOTHING, residual: 1, wrong: 1 });
    expect(changed.report.wrong_windows[0]?.differences).toEqual([
      `counter_volume: ${volume + 1} instead of ${volume}`,
    ]);
    expect(changed.code).toBe(65);

    const twice = await auditOf(rig, with_(line, line));
    expect(twice.report).toMatchObject({ ...NOTHING, duplicates: 1 });
    expect(twice.code).toBe(0);

    const unequal = await auditOf(rig, with_(line, more));
    expect(unequal.report).toMatchObject({ ...NOTHING, duplicates: 1, unequal_duplicates: 1 });
    expect(unequal.code).toBe(65);
  });
});
