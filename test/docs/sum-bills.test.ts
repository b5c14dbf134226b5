import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { available, pythonHome } from '../services/service.ts';
import { ROOT } from './markdown.ts';

const directory = mkdtempSync(join(tmpdir(), 'hypermeter-bills-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'bills.jsonl');

/** A line of a file sink, of an hour that begins then. */
function line(hour: string, volume: string, more: object = {}): string {
  const start = Date.parse(`${hour}:00Z`);
  const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
  const sample = { counter_name: 'cpu.delta', resource_id: 'vm', project_id: 'p', coverage: 1, flags: [] };
  const window = { window_start: iso(start), window_end: iso(start + 3_600_000) };
  return JSON.stringify({ ...sample, ...window, ...more }).replace('{', `{"counter_volume": ${volume}, `);
}

function summed(meter: string, lines: readonly string[]): readonly string[] {
  writeFileSync(file, `${lines.join('\n')}\n`);
  const script = join(ROOT, 'docs/examples/sum-bills.py');
  const printed = execFileSync(`${pythonHome}/bin/python`, [script, '--month', '2026-11', meter, file]);
  return printed.toString().trim().split('\n').slice(1);
}

describe.skipIf(!(await available('python')))('the example that adds up a month [python]', () => {
  it('takes the windows that an audit of the month judges, exactly', () => {
    const lines = [
      line('2026-10-31T23:00', '1000000'),
      line('2026-11-01T00:00', '9007199254740993'),
      line('2026-11-30T23:00', '2', { coverage: 0.5 }),
      line('2026-12-01T00:00', '1000000'),
    ];
    expect(summed('cpu.delta', lines)).toEqual(['p\tvm\t9007199254740995\t2\t1']);
  });

  it('counts a window once, as it was last', () => {
    const hour = '2026-11-02T00:00';
    const lines = [line(hour, '5'), line(hour, '5'), line(hour, '7', { revision: 1 }), line(hour, '5')];
    expect(summed('cpu.delta', lines)).toEqual(['p\tvm\t7\t1\t0']);
  });

  it('adds what has no coverage', () => {
    const gauge = { counter_name: 'vcpus', coverage: null };
    expect(summed('vcpus', [line('2026-11-02T00:00', '4', gauge)])).toEqual(['p\tvm\t4\t1\t0']);
  });
});
