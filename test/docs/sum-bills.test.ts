import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from './markdown.ts';

const directory = mkdtempSync(join(tmpdir(), 'hypermeter-bills-'));
afterAll(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'bills.jsonl');

/** An hour of a meter as the file sink writes it; more than a double holds, unless it says otherwise. */
const hour = (start: string, end: string, more: object = {}): string =>
  JSON.stringify({
    counter_name: 'cpu.delta',
    counter_type: 'delta',
    counter_volume: 7,
    resource_id: 'web-1',
    project_id: 'shop',
    window_start: `${start}+00:00`,
    window_end: `${end}+00:00`,
    coverage: 1,
    flags: [],
    ...more,
  }).replace('"counter_volume":7,', '"counter_volume":9007199254740993,');

const LINES = [
  hour('2026-10-31T23:00:00', '2026-11-01T00:00:00'),
  hour('2026-11-01T00:00:00', '2026-11-01T01:00:00'),
  hour('2026-11-01T00:00:00', '2026-11-01T01:00:00'),
  hour('2026-11-01T01:00:00', '2026-11-01T02:00:00', { counter_volume: 1, coverage: 0.5 }),
  hour('2026-11-01T01:00:00', '2026-11-01T02:00:00', { counter_volume: 3, revision: 1, flags: ['lower_bound'] }),
  hour('2026-11-30T23:00:00', '2026-12-01T00:00:00', { counter_volume: 2, project_id: null }),
  hour('2026-11-01T00:00:00', '2026-11-01T01:00:00', { counter_name: 'vcpus', counter_type: 'gauge', coverage: null }),
];

function sum(lines: readonly string[], ...words: readonly string[]) {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  const { status, stdout, stderr } = spawnSync('python3', [join(ROOT, 'docs/examples/sum-bills.py'), ...words, path], {
    encoding: 'utf8',
  });
  return { status, rows: stdout.trimEnd().split('\n').slice(1), stderr };
}

describe.skipIf(spawnSync('python3', ['--version']).status !== 0)('docs/examples/sum-bills.py', () => {
  it('adds up exactly the windows that begin in the month, each once, as it was last', () =>
    expect(sum(LINES, '--month', '2026-11', 'cpu.delta')).toEqual({
      status: 0,
      rows: ['-\tweb-1\t2\t1\t0', 'shop\tweb-1\t9007199254740996\t2\t1'],
      stderr: '',
    }));

  it('has the last hour of a month in that month', () =>
    expect(sum(LINES, '--month', '2026-10', 'cpu.delta').rows).toEqual(['shop\tweb-1\t9007199254740993\t1\t0']));

  it('says that a gauge cannot be added up', () =>
    expect(sum(LINES, '--month', '2026-11', 'vcpus')).toMatchObject({
      status: 1,
      stderr: 'vcpus is of type gauge: only deltas can be added up\n',
    }));

  it('tells of a line that was left half-written, and goes on', () =>
    expect(sum([LINES[0]?.slice(0, 40) ?? '', ...LINES], '--month', '2026-10', 'cpu.delta')).toEqual({
      status: 0,
      rows: ['shop\tweb-1\t9007199254740993\t1\t0'],
      stderr: `${path}:1: not JSON, left out\n`,
    }));
});
