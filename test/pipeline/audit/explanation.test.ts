import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { encodeSnapshot } from '../../../avro/codec.ts';
import { EMPTY_ROW, type Snapshot } from '../../../avro/snapshot.ts';
import { createEvidence } from '../../../pipeline/audit/evidence.ts';
import { type Explanation, explain } from '../../../pipeline/audit/explanation.ts';
import type { RawMessage } from '../../../pipeline/audit/replay.ts';
import { createWindowSearch } from '../../../pipeline/audit/window-search.ts';
import { METERS, type Meter, select } from '../../../pipeline/model/meters.ts';
import type { Rules } from '../../../pipeline/model/rules.ts';
import { pollOf, received, rulesOf, SECOND, vm } from '../model/polls.ts';
import { randomLog } from '../model/random-log.ts';
import { logOf } from './recorded.ts';

const meterCalled = (name: string): Meter => METERS.find((each) => each.name === name) as Meter;
const END = Number.MAX_SAFE_INTEGER;

/** Every window of every resource of a meter that a log gives, explained. */
function explained(log: readonly RawMessage[], rules: Rules, name: string): readonly Explanation[] {
  const meter = meterCalled(name);
  const deriveRules = { selection: select(['*']), gauges: 'last' as const };
  const bounds = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };
  const searchFor = (resource: string) => {
    const search = createWindowSearch(rules, deriveRules, { meter, resource, ...bounds });
    for (const message of log) search.take(message);
    search.finish(END);
    return search;
  };
  return [...searchFor('').resources.keys()].flatMap((resource) => {
    const { found } = searchFor(resource);
    const [first] = found;
    if (!first) return [];
    const evidence = createEvidence(rules, { ...first, meter, isHost: false });
    for (const message of log) evidence.take(message);
    evidence.finish();
    return found.map((window) => explain(window, evidence.readings, evidence.changes, rules));
  });
}

const messagesOf = (snapshots: readonly Snapshot[]): readonly RawMessage[] =>
  snapshots.map((snapshot, offset) => ({
    partition: 0,
    offset,
    timestampUs: snapshot.poll.endedAt,
    value: encodeSnapshot(snapshot),
  }));

const rules = rulesOf({}, { reorder: 10 * SECOND });

/** What a single nic of a VM received, told by polls every 10 s but where one is missing. */
const told = (values: readonly (bigint | null | readonly [bigint, string])[]): readonly Explanation[] =>
  explained(
    messagesOf(
      values.flatMap((value, n) => {
        if (value === null) return [];
        const [amount, epoch] = Array.isArray(value) ? (value as [bigint, string]) : [value as bigint, 'e1'];
        return [pollOf(10 * n, [received(10 * n, amount, { epoch })])];
      }),
    ),
    rules,
    'network.incoming.bytes.delta',
  );

const howsOf = ({ steps }: Explanation) => steps.map(({ how, counted }) => [how, counted?.part ?? null]);

describe('a window', () => {
  it('is the growth from reading to reading, split at its bounds', () => {
    const [first, second] = told([5n, 15n, 25n, 35n, 45n, 55n, 65n, 75n]);
    expect(first && howsOf(first)).toEqual([...Array(6).fill(['growth', 10n])]);
    expect(first).toMatchObject({ sum: 60n, carried: 0n, conclusion: 'equal' });
    expect(second).toMatchObject({ sum: 10n, conclusion: 'equal' });
  });

  it('has a part of what crosses its bound', () => {
    const log = messagesOf([0, 25, 65, 125].map((t) => pollOf(t, [received(t, BigInt(t))], { interval: 40 })));
    const [first, second] = explained(log, rules, 'network.incoming.bytes.delta');
    expect(first && howsOf(first)).toEqual([
      ['growth', 25n],
      ['growth', 35n],
    ]);
    expect(second && howsOf(second)).toEqual([
      ['growth', 5n],
      ['growth', 55n],
    ]);
  });

  it('tells a new epoch, a fall and a regression', () => {
    const [first] = told([5n, 15n, [7n, 'e2'], [9n, 'e2'], [8n, 'e2'], [11n, 'e2'], [12n, 'e2'], [13n, 'e2']]);
    expect(first && howsOf(first)).toEqual([
      ['growth', 10n],
      ['new epoch', 7n],
      ['growth', 2n],
      ['regression', null],
      ['other', 2n],
      ['growth', 1n],
    ]);
    expect(first?.conclusion).toBe('equal');
  });

  it('tells a wrap', () => {
    const values = [2n ** 32n - 20n, 2n ** 32n - 10n, 5n, 15n, 25n, 35n, 45n];
    const polls = values.map((value, n) => pollOf(10 * n, [received(10 * n, value)], { kind: 'simulator' }));
    const [first] = explained(messagesOf(polls), rules, 'network.incoming.bytes.delta');
    expect(first && howsOf(first).slice(0, 3)).toEqual([
      ['growth', 10n],
      ['wrap', 15n],
      ['growth', 10n],
    ]);
    expect(first?.conclusion).toBe('equal');
  });

  it('has what came too late for the one before', () => {
    const at = [0, 10, 20, 30, 200, 210, 220, 230, 240, 250, 260, 270, 280, 290, 300];
    const polls = at.map((t) => pollOf(t, [received(t, BigInt(6 * t))]));
    const all = explained(messagesOf(polls), rules, 'network.incoming.bytes.delta');
    expect(all.map(({ conclusion }) => conclusion)).toContain('carried in');
    expect(all[0]).toMatchObject({ conclusion: 'carried on', sum: 360n, carried: -180n });
  });

  it('of a gauge is what was read in it', () => {
    const log = messagesOf([10, 20, 70].map((t) => pollOf(t, [vm(t, { ...EMPTY_ROW, memory: BigInt(t) << 20n })])));
    const [first] = explained(log, rules, 'memory');
    expect(first?.steps.map(({ how, reading }) => [how, reading?.value])).toEqual([
      ['read', 10n << 20n],
      ['read', 20n << 20n],
    ]);
    expect(first).toMatchObject({ sum: null, conclusion: 'read' });
  });
});

const SIZES = [60 * SECOND, 7 * SECOND];
const any = rulesOf({ sizes: SIZES, graces: ['auto', 'auto'] }, { reorder: 30 * SECOND });

test.each([
  ['interpolated', any],
  ['anchored', { ...any, windows: { ...any.windows, anchored: true } }],
  ['gaps whole', { ...any, counters: { ...any.counters, edge: true, fillMax: 3 } }],
] as const)('every window of any log is explained to the last unit, %s', (_, by) => {
  let windows = 0;
  fc.assert(
    fc.property(randomLog, (log) => {
      for (const name of ['cpu.delta', 'network.incoming.bytes.delta']) {
        const all = explained(log, by, name);
        windows += all.length;
        for (const each of all) expect(each.conclusion, JSON.stringify(each.window.windowStart)).not.toBe('different');
      }
    }),
    { numRuns: 60, seed: 3 },
  );
  expect(windows).toBeGreaterThan(1000);
});

test('so is every window of a fleet with restarts, migrations, wraps and absences', () => {
  const faults = { reboot: 8, migrate: 8, hostAway: 6, wrap32: 0.5, skew: 0.5 };
  const log = logOf({ instances: 6, hosts: 3, faults }, 40);
  for (const name of ['cpu.delta', 'network.incoming.bytes.delta', 'disk.device.write.bytes.delta']) {
    const all = explained(log, any, name);
    expect(all.length).toBeGreaterThan(200);
    expect(new Set(all.map(({ conclusion }) => conclusion))).not.toContain('different');
    const hows = new Set(all.flatMap(({ steps }) => steps.map(({ how }) => how)));
    expect(hows).toContain('growth');
    expect(hows).toContain('new epoch');
  }
});
