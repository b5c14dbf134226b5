import { describe, expect, test } from 'vitest';
import { isClean, residualOf, type Verdict } from '../../../pipeline/audit/audit.ts';
import { SECOND } from '../../connectors/simulator/fleet-of.ts';
import { rulesOf } from '../model/polls.ts';
import { auditOf, fileOf, logOf, publishedFrom } from './recorded.ts';

const SIZES = [60 * SECOND, 300 * SECOND];
const rules = rulesOf({ sizes: SIZES, graces: SIZES.map(() => 'auto' as const) }, { reorder: 15 * SECOND });
const log = logOf(
  { instances: 6, hosts: 3, faults: { reboot: 8, migrate: 8, hostAway: 6, wrap32: 0.5, skew: 0.5 } },
  20,
);
const lines = publishedFrom(log, rules);

const figures = (verdict: Verdict) => ({
  residual: residualOf(verdict),
  lost: verdict.windows.lost,
  wrong: verdict.windows.wrong,
  unexpected: verdict.windows.unexpected,
  duplicates: verdict.lines.duplicates,
  unequal: verdict.lines.unequal,
});
const NOTHING = { residual: 0n, lost: 0, wrong: 0, unexpected: 0, duplicates: 0, unequal: 0 };

/** The place of a line of this meter in a window of a minute, well within the recording. */
function placeOf(name: string): number {
  const places = lines.flatMap((line, place) => (line.includes(`"counter_name":"${name}"`) ? [place] : []));
  return places[Math.floor(places.length / 2)] as number;
}

const changed = (place: number, change: (line: string) => readonly string[]): readonly string[] =>
  lines.flatMap((line, at) => (at === place ? change(line) : [line]));

describe('an audit of what an undisturbed pipeline published', () => {
  test('finds nothing, through reboots, migrations, hosts away, skew, repetition and disorder', async () => {
    const verdict = await auditOf(log, [fileOf(lines)], rules);
    expect(lines.length).toBeGreaterThan(5000);
    for (const flag of ['reset', 'lower_bound', 'estimated'])
      expect(lines.some((line) => line.includes(`"${flag}"`))).toBe(true);
    expect(verdict.imbalances).toEqual([]);
    expect(figures(verdict)).toEqual(NOTHING);
    expect(verdict.balances.length).toBeGreaterThan(20);
    expect(verdict.balances.every(({ movement, published }) => movement === published)).toBe(true);
    expect(verdict.windows.expected).toBe(lines.length);
    expect(isClean(verdict)).toBe(true);
  });
});

describe('an audit of what was tampered with', () => {
  test('names a delta that is one too much', async () => {
    const place = placeOf('cpu.delta');
    const more = (line: string) => [
      line.replace(/"counter_volume":(\d+)/, (_, volume) => `"counter_volume":${BigInt(volume) + 1n}`),
    ];
    const verdict = await auditOf(log, [fileOf(changed(place, more))], rules);
    expect(figures(verdict)).toEqual({ ...NOTHING, residual: 1n, wrong: 1 });
    expect(verdict.imbalances).toMatchObject([{ device: '', meter: { name: 'cpu.delta' }, residual: 1n }]);
    expect(lines[place]?.replaceAll('-', '')).toContain(verdict.imbalances[0]?.instance);
    expect(verdict.wrongWindows).toHaveLength(1);
    expect(verdict.wrongWindows[0]?.differences).toEqual([
      expect.stringMatching(/^counter_volume: \d+ instead of \d+$/),
    ]);
    expect(isClean(verdict)).toBe(false);
  });

  test('names a line that is gone, and by how much the series falls short', async () => {
    const place = placeOf('network.incoming.bytes.delta');
    const verdict = await auditOf(log, [fileOf(changed(place, () => []))], rules);
    const { counter_volume } = JSON.parse(lines[place] as string);
    expect(figures(verdict)).toEqual({ ...NOTHING, residual: BigInt(counter_volume), lost: 1 });
    expect(verdict.windows.lostLines).toEqual([lines[place]]);
    expect(verdict.imbalances[0]?.residual).toBe(-BigInt(counter_volume));
    expect(isClean(verdict)).toBe(false);
  });

  test('counts a line that came twice, which is no fault', async () => {
    const verdict = await auditOf(log, [fileOf(changed(placeOf('cpu.delta'), (line) => [line, line]))], rules);
    expect(figures(verdict)).toEqual({ ...NOTHING, duplicates: 1 });
    expect(isClean(verdict)).toBe(true);
  });

  test('names a line that came again with another content', async () => {
    const again = (line: string) => [line, line.replace('"quality":"', '"quality":"x')];
    const place = placeOf('cpu.delta');
    const verdict = await auditOf(log, [fileOf(changed(place, again))], rules);
    expect(figures(verdict)).toEqual({ ...NOTHING, duplicates: 1, unequal: 1 });
    expect(verdict.unequalLines).toEqual(again(lines[place] as string).slice(1));
    expect(isClean(verdict)).toBe(false);
  });

  test('names a line that no replay gives', async () => {
    const other = (line: string) => [line, line.replace(/"message_id":"[0-9a-f]{8}/, '"message_id":"00000000')];
    const verdict = await auditOf(log, [fileOf(changed(placeOf('cpu_util'), other))], rules);
    expect(figures(verdict)).toEqual({ ...NOTHING, unexpected: 1 });
    expect(verdict.unexpectedLines).toEqual([expect.stringContaining('"message_id":"00000000')]);
  });

  test('tells where a line is broken and goes on', async () => {
    const broken = ['{"counter_name":"cpu"}}', '[]', '{"counter_name":"nothing","resource_metadata":{}}'];
    const verdict = await auditOf(log, [fileOf([...broken, ...lines])], rules);
    expect(figures(verdict)).toEqual(NOTHING);
    expect(verdict.lines.brokenLines).toEqual([
      'meters.jsonl:1: not JSON',
      'meters.jsonl:2: the line is no object',
      'meters.jsonl:3: no meter is called "nothing"',
    ]);
    expect(isClean(verdict)).toBe(false);
  });

  test('takes no offence at a line that a killed sink left half-written and wrote anew', async () => {
    const place = placeOf('cpu.delta');
    const half = changed(place, (line) => [line.slice(0, 100), line]);
    const verdict = await auditOf(log, [fileOf(half)], rules);
    expect(figures(verdict)).toEqual(NOTHING);
    expect(verdict.lines).toMatchObject({ broken: 0, halfWritten: 1 });
    expect(isClean(verdict)).toBe(true);
    const lost = await auditOf(log, [fileOf(changed(place, (line) => [line.slice(0, 100)]))], rules);
    expect(lost.windows.lost).toBe(1);
  });
});

describe('an audit of a part', () => {
  const middle = (share: number): number => log[Math.floor(share * log.length)]?.timestampUs as number;
  const minute = (t: number): number => Math.ceil(t / (300 * SECOND)) * 300 * SECOND;

  test('judges the windows between two times', async () => {
    const bounds = { from: minute(middle(0.3)), until: minute(middle(0.7)) };
    const verdict = await auditOf(log, [fileOf(lines)], rules, { bounds });
    expect(verdict.imbalances).toEqual([]);
    expect(figures(verdict)).toEqual(NOTHING);
    expect(verdict.windows.expected).toBe(verdict.lines.read);
    expect(verdict.lines.outside).toBe(lines.length - verdict.lines.read);
    expect(verdict.lines.read).toBeLessThan(0.6 * lines.length);
  });

  test('does not call lost what was not delivered yet', async () => {
    const offset = Math.floor(0.6 * log.length);
    const early = publishedFrom(log.slice(0, offset), rules);
    const delivered = new Map([0, 1].map((partition) => [partition, offset]));
    const extent = { since: Number.NEGATIVE_INFINITY, delivered };
    const verdict = await auditOf(log, [fileOf(early)], rules, { extent });
    expect(verdict.imbalances).toEqual([]);
    expect(figures(verdict)).toEqual(NOTHING);
    // Once it is committed, it must be there.
    const late = {
      since: Number.NEGATIVE_INFINITY,
      delivered: new Map([
        [0, log.length],
        [1, log.length],
      ]),
    };
    expect((await auditOf(log, [fileOf(early)], rules, { extent: late })).windows.lost).toBe(
      lines.length - early.length,
    );
  });

  test('of a log that has lost its beginning leaves out what it cannot know', async () => {
    const first = Math.floor(0.4 * log.length);
    const extent = { since: log[first]?.timestampUs as number, delivered: null };
    const verdict = await auditOf(log.slice(first), [fileOf(lines)], rules, { extent });
    expect(verdict.imbalances).toEqual([]);
    expect(figures(verdict)).toEqual(NOTHING);
    expect(verdict.judgesTotals).toBe(false);
    expect(verdict.bounds.from).toBeGreaterThan(extent.since + 300 * SECOND);
    expect(verdict.windows.expected).toBe(verdict.lines.read);
    expect(verdict.windows.expected).toBeGreaterThan(1000);
  });

  test('with everything delivered misses what silence has closed', async () => {
    const settledAt = Number.MAX_SAFE_INTEGER;
    const verdict = await auditOf(log, [fileOf(lines)], rules, { settledAt });
    expect(verdict.windows.lost).toBeGreaterThan(0);
    expect(verdict.windows.lostLines[0]).toContain('"window_end":"2026-03-01T00:20:00');
    expect(residualOf(verdict)).toBe(0n);
  });

  test('takes several files as one', async () => {
    const half = Math.floor(lines.length / 2);
    const files = [fileOf(lines.slice(half), 'meters.jsonl'), fileOf(lines.slice(0, half), 'meters.jsonl.1')];
    expect(figures(await auditOf(log, files, rules))).toEqual(NOTHING);
  });
});
